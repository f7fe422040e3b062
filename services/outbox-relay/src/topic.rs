//! The topic that events go to.

use aws_sdk_sns::{
    Client,
    error::SdkError,
    operation::publish_batch::PublishBatchError,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use contracts::outbox::OutboxItem;

use crate::{Error, error::describe};

/// The message attribute that the filters of subscriptions look at.
const TYPE_ATTRIBUTE: &str = "type";

/// The data type of that attribute.
const TYPE_DATA_TYPE: &str = "String";

/// A topic, and the way to it.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic `arn`.
    pub const fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }

    /// Opens the connection while the function starts, where processor time is plentiful, rather than at the
    /// first event. A failure is only logged: the first event tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.client.get_topic_attributes().topic_arn(&self.arn).send().await {
            tracing::warn!(error = describe(&error), topic_arn = self.arn, "the topic is not reachable yet");
        }
    }

    /// Publishes at most [`MAX_ENTRIES`](crate::domain::batch::MAX_ENTRIES) events in one call. Each has its own outcome.
    pub async fn publish(&self, items: &[OutboxItem]) -> Vec<Result<(), Error>> {
        let entries = items.iter().enumerate().map(|(position, item)| entry(position, item)).collect();
        let answer = self
            .client
            .publish_batch()
            .topic_arn(&self.arn)
            .set_publish_batch_request_entries(Some(entries))
            .send()
            .await;
        match answer {
            Err(error) => vec![Err(call_failed(&error)); items.len()],
            Ok(answer) => {
                let mut outcomes = vec![Ok(()); items.len()];
                for refused in answer.failed() {
                    let reason = format!("{} {}", refused.code(), refused.message().unwrap_or_default());
                    let error =
                        if refused.sender_fault() { Error::Refused(reason) } else { Error::Unavailable(reason) };
                    if let Some(outcome) = refused.id().parse::<usize>().ok().and_then(|id| outcomes.get_mut(id)) {
                        *outcome = Err(error);
                    }
                }
                outcomes
            }
        }
    }
}

/// What the item counts for in the size of a batch, in bytes: SNS counts a message with its attributes.
pub const fn size_of(item: &OutboxItem) -> usize {
    item.event.len() + TYPE_ATTRIBUTE.len() + TYPE_DATA_TYPE.len() + item.event_type.len()
}

/// The event as it stands: its text is not read, so nothing of it can be lost.
fn entry(position: usize, item: &OutboxItem) -> PublishBatchRequestEntry {
    let event_type = MessageAttributeValue::builder().data_type(TYPE_DATA_TYPE).string_value(&item.event_type).build();
    PublishBatchRequestEntry::builder()
        .id(position.to_string())
        .message(&item.event)
        .message_attributes(TYPE_ATTRIBUTE, event_type.expect("the data type is set"))
        .build()
        .expect("id and message are set")
}

fn call_failed(error: &SdkError<PublishBatchError>) -> Error {
    let reason = describe(error);
    // Batches are cut to size, so only an event that fills one alone can be too long.
    let too_long = error.as_service_error().is_some_and(PublishBatchError::is_batch_request_too_long_exception);
    if too_long { Error::Refused(reason) } else { Error::Unavailable(reason) }
}
