//! The topic that events are published to.

use aws_sdk_sns::{
    Client,
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

    /// Publishes each event in a call of its own.
    async fn publish_singly(&self, items: &[OutboxItem]) -> Vec<Result<(), Error>> {
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.extend(Box::pin(self.publish(std::slice::from_ref(item))).await);
        }
        results
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
            // One event may be the reason, and SNS does not say which.
            Err(error) if items.len() > 1 && is_refusal(&describe(&error)) => self.publish_singly(items).await,
            Err(error) => vec![Err(refused_or_unavailable(describe(&error))); items.len()],
            Ok(response) => {
                let mut results = vec![Ok(()); items.len()];
                for refused in response.failed() {
                    let reason = format!("{} {}", refused.code(), refused.message().unwrap_or_default());
                    let error = refused_or_unavailable(reason);
                    if let Some(result) = refused.id().parse::<usize>().ok().and_then(|id| results.get_mut(id)) {
                        *result = Err(error);
                    }
                }
                results
            }
        }
    }
}

/// Error of an event, by the code and the message of SNS.
fn refused_or_unavailable(reason: String) -> Error {
    if is_refusal(&reason) { Error::Refused(reason) } else { Error::Unavailable(reason) }
}

/// Whether SNS refuses the event itself, and would refuse it again. Everything else can be fixed without the event: an
/// outage, throttling, a permission, the key, a wrong topic. SNS's flag `SenderFault` includes those.
fn is_refusal(reason: &str) -> bool {
    const CODES: [&str; 4] =
        ["InvalidParameter", "ParameterValueInvalid", "ValidationException", "BatchRequestTooLong"];
    CODES.iter().any(|code| reason.starts_with(code)) && !reason.contains("TopicArn")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_error_of_the_event_itself_is_a_refusal() {
        for refused in [
            "InvalidParameter Invalid parameter: Empty message",
            "InvalidParameterException Invalid parameter: Message too long",
            "ParameterValueInvalid The message attribute is empty",
            "BatchRequestTooLong The length of all the messages is too long",
        ] {
            assert!(is_refusal(refused), "{refused}");
        }
        for unavailable in [
            "InvalidParameter Invalid parameter: TopicArn",
            "NotFound Topic does not exist",
            "AuthorizationError not authorized to perform SNS:Publish",
            "KMSAccessDenied access to the key is denied",
            "Throttling Rate exceeded",
            "InternalError",
            "dispatch failure: connection refused",
        ] {
            assert!(!is_refusal(unavailable), "{unavailable}");
        }
    }
}
