//! The failure queue: takes the events that can never be published.

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_sqs::{Client, types::MessageAttributeValue};
use contracts::error::chain;

use crate::{Error, error::describe, events::record};

/// Longest body in bytes: the limit of the queue, less the attributes.
const MAX_BODY: usize = 252 * 1024;
/// Longest attribute in bytes.
const MAX_ATTRIBUTE: usize = 512;

/// Client of the failure queue of one relay.
#[derive(Debug, Clone)]
pub struct FailureQueue {
    client: Client,
    url: String,
}

impl FailureQueue {
    /// Sends to the queue at `url`.
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends the event of a record, with the reason why it can never be published.
    pub async fn park(&self, record: &EventRecord, error: &Error) -> Result<(), Error> {
        let table = record::table(record).unwrap_or("unknown");
        let sequence_number = record.change.sequence_number.as_deref().unwrap_or("unknown");
        let reason = chain(error);
        let attributes = [("reason", &*reason), ("table", table), ("sequence_number", sequence_number)];
        let mut request = self.client.send_message().queue_url(&self.url).message_body(body(record));
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(attribute(value)).build();
            request = request.message_attributes(name, value.expect("the data type is set"));
        }
        request.send().await.map_err(|error| Error::NotParked(describe(&error)))?;
        tracing::error!(
            event_id = record::event_id(record),
            event_type = record::event_type(record),
            table,
            sequence_number,
            reason,
            "event can never be published: moved to the failure queue"
        );
        Ok(())
    }
}

/// The text of the event; the item in DynamoDB's JSON if it has none. The item's key if SQS does not accept that text:
/// the item itself stays in its table for seven days.
fn body(record: &EventRecord) -> String {
    let image = &record.change.new_image;
    let text = match record::text(image, "event") {
        Some(event) => event.to_owned(),
        None => serde_json::to_string(image).unwrap_or_default(),
    };
    if !text.is_empty() && text.len() <= MAX_BODY && text.chars().all(is_accepted) {
        return text;
    }
    let keys = serde_json::to_string(&record.change.keys).unwrap_or_default();
    keys.chars().filter(|char| is_accepted(*char)).collect()
}

/// An attribute in the size and the characters that SQS accepts. It is never empty.
fn attribute(value: &str) -> String {
    let value = &value[..value.floor_char_boundary(MAX_ATTRIBUTE)];
    let text: String = value.chars().filter(|char| is_accepted(*char)).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

/// Whether a message of SQS may contain the character.
const fn is_accepted(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_dynamo::AttributeValue;

    use super::*;

    fn record(event: AttributeValue) -> EventRecord {
        let mut record = EventRecord::default();
        record.change.keys.insert("pk".to_owned(), AttributeValue::S("EVENT#evt_\u{1}\u{ffff}1".to_owned()));
        record.change.new_image.insert("event".to_owned(), event);
        record
    }

    proptest! {
        #[test]
        fn every_body_is_one_that_sqs_accepts(event in any::<String>()) {
            let body = body(&record(AttributeValue::S(event.clone())));
            prop_assert!(!body.is_empty() && body.chars().all(is_accepted));
            prop_assert!(body == event || body.contains("EVENT#evt_"));
        }
    }

    #[test]
    fn an_event_that_is_too_long_is_parked_by_its_key_and_another_item_as_json() {
        assert_eq!(body(&record(AttributeValue::S("x".repeat(MAX_BODY)))).len(), MAX_BODY);
        let key = r#"{"pk":{"S":"EVENT#evt_\u00011"}}"#;
        assert_eq!(body(&record(AttributeValue::S("x".repeat(MAX_BODY + 1)))), key);
        assert_eq!(body(&record(AttributeValue::S(String::new()))), key);
        assert_eq!(body(&record(AttributeValue::N("7".to_owned()))), r#"{"event":{"N":"7"}}"#);
    }

    #[test]
    fn an_attribute_is_never_empty_or_too_long() {
        assert_eq!(attribute(""), "unknown");
        assert_eq!(attribute("a\u{0}b"), "ab");
        assert_eq!(attribute(&"ä".repeat(600)).len(), MAX_ATTRIBUTE);
    }
}
