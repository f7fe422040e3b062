//! Reading a record of a table's stream.

use aws_lambda_events::dynamodb::EventRecord;
use contracts::outbox::OutboxItem;
use serde_dynamo::AttributeValue;

use crate::Error;

/// The outbox item that the record announces.
///
/// Nothing where the record is of another item, or of an item's deletion: the stream's filter keeps those away, but a
/// table whose filter is missing does no harm.
///
/// # Errors
/// [`Error::Unreadable`] where the item has an `event`, and is not an outbox item all the same.
pub(super) fn outbox_item(record: &EventRecord) -> Result<Option<OutboxItem>, Error> {
    let image = &record.change.new_image;
    if !image.contains_key("event") {
        return Ok(None);
    }
    serde_dynamo::from_item(image.clone()).map(Some).map_err(|error| Error::Unreadable(error.to_string()))
}

/// The event's id, for the log; from the item's key, which is there even where the rest cannot be read.
pub(super) fn event_id(record: &EventRecord) -> Option<&str> {
    let key = text(record.change.keys.get("pk")?)?;
    Some(key.strip_prefix("EVENT#").unwrap_or(key))
}

/// The event's type, for the log.
pub(super) fn event_type(record: &EventRecord) -> Option<&str> {
    text(record.change.new_image.get("event_type")?)
}

const fn text(value: &AttributeValue) -> Option<&str> {
    match value {
        AttributeValue::S(text) => Some(text.as_str()),
        _ => None,
    }
}
