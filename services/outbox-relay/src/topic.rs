//! The topic that events are published to.

use aws_sdk_sns::{
    Client,
    error::SdkError,
    operation::publish_batch::PublishBatchError,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use contracts::outbox::OutboxItem;

use crate::{Error, error::describe};

/// Message attribute that the filters of subscriptions match.
const TYPE_ATTRIBUTE: &str = "type";

/// Data type of that attribute.
const TYPE_DATA_TYPE: &str = "String";

/// Client of one topic.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// Publishes to the topic `arn`.
    pub const fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }

    /// Opens a connection while the function starts, when CPU time is plentiful, instead of at the first event. A
    /// failure is only logged; the first event tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.client.get_topic_attributes().topic_arn(&self.arn).send().await {
            tracing::warn!(error = describe(&error), topic_arn = self.arn, "could not reach the topic at start");
        }
    }

    /// Publishes at most [`MAX_ENTRIES`](crate::domain::batch::MAX_ENTRIES) events in one call. Returns one result
    /// each.
    pub async fn publish(&self, items: &[OutboxItem]) -> Vec<Result<(), Error>> {
        let entries = items.iter().enumerate().map(|(position, item)| entry(position, item)).collect();
        let response = self
            .client
            .publish_batch()
            .topic_arn(&self.arn)
            .set_publish_batch_request_entries(Some(entries))
            .send()
            .await;
        match response {
            Err(error) => vec![Err(call_failed(&error)); items.len()],
            Ok(response) => {
                let mut results = vec![Ok(()); items.len()];
                for refused in response.failed() {
                    let reason = format!("{} {}", refused.code(), refused.message().unwrap_or_default());
                    let error =
                        if refused.sender_fault() { Error::Refused(reason) } else { Error::Unavailable(reason) };
                    if let Some(result) = refused.id().parse::<usize>().ok().and_then(|id| results.get_mut(id)) {
                        *result = Err(error);
                    }
                }
                results
            }
        }
    }
}

/// Size of the item in a batch, in bytes. SNS counts a message with its attributes.
pub const fn size_of(item: &OutboxItem) -> usize {
    item.event.len() + TYPE_ATTRIBUTE.len() + TYPE_DATA_TYPE.len() + item.event_type.len()
}

/// The event as the item holds it. The text is not parsed, so nothing in it can be lost.
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
    // Batches respect the limit, so only an event in a batch of its own can be too long.
    let too_long = error.as_service_error().is_some_and(PublishBatchError::is_batch_request_too_long_exception);
    if too_long { Error::Refused(reason) } else { Error::Unavailable(reason) }
}
