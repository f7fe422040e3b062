//! Reads a record of a table's stream.

use aws_lambda_events::dynamodb::EventRecord;
use contracts::outbox::OutboxItem;
use serde_dynamo::{AttributeValue, Item};

use crate::Error;

/// Returns the outbox item of the record. None for another item or a deletion: the stream's filter excludes those, but
/// a missing filter does no harm.
///
/// [`Error::Unreadable`] means that the item has an attribute `event` but is not an outbox item.
pub(crate) fn outbox_item(record: &EventRecord) -> Result<Option<OutboxItem>, Error> {
    let image = &record.change.new_image;
    if !image.contains_key("event") {
        return Ok(None);
    }
    serde_dynamo::from_item(image.clone()).map(Some).map_err(Error::Unreadable)
}

/// The event's id for the log. Taken from the item's key, which exists even if the rest is unreadable.
pub(crate) fn event_id(record: &EventRecord) -> Option<&str> {
    let key = text(&record.change.keys, "pk")?;
    Some(key.strip_prefix("EVENT#").unwrap_or(key))
}

/// The event's type for the log.
pub(crate) fn event_type(record: &EventRecord) -> Option<&str> {
    text(&record.change.new_image, "event_type")
}

/// The name of the table: the stream's ARN is `arn:…:table/<table>/stream/<label>`.
pub(crate) fn table(record: &EventRecord) -> Option<&str> {
    record.event_source_arn.as_deref()?.split('/').nth(1)
}

/// An attribute that is a string.
pub(crate) fn text<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    match item.get(attribute)? {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use contracts::Envelope;

    use super::*;

    #[test]
    fn every_sample_of_an_outbox_item_is_read_without_loss() {
        let mut count = 0;
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")).unwrap() {
            let sample: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
            let mut record = EventRecord::default();
            record.change.new_image = serde_dynamo::to_item(&sample).unwrap();

            let item = outbox_item(&record).unwrap().unwrap();

            assert_eq!(serde_json::to_value(&item).unwrap(), sample);
            assert!(serde_json::from_str::<Envelope>(&item.event).is_ok(), "{}", item.event);
            count += 1;
        }
        assert!(count > 0, "no sample");
    }
}
