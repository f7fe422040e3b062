//! The outbox item: how a committed change and its event become one write.
//!
//! A service with a DynamoDB table puts this item into it, in the transaction that changes the state. The table's
//! stream, filtered to items with an [`OutboxItem::event`], wakes outbox-relay, which publishes the event as it stands.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::Envelope;

/// How long an outbox item is kept after it was written: longer than a stream keeps its records (24 hours), so that
/// a relay that was down can be repaired from the table.
pub const RETENTION: TimeDelta = TimeDelta::days(7);

/// An event on its way out, as an item of a table with the keys `pk` and `sk` and the TTL attribute `expires_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// `EVENT#<event id>`.
    pub pk: String,
    /// `OUTBOX`.
    pub sk: String,
    /// The event's type, for the SNS attribute that filters look at.
    pub event_type: String,
    /// The whole envelope, as the JSON text that travels. The stream's filter looks for this attribute.
    pub event: String,
    /// Unix seconds after which DynamoDB may delete the item.
    pub expires_at: i64,
}

impl OutboxItem {
    /// The item for `envelope`, written at `now`.
    pub fn new(envelope: &Envelope, now: DateTime<Utc>) -> Self {
        Self {
            pk: format!("EVENT#{}", envelope.id),
            sk: "OUTBOX".to_owned(),
            event_type: envelope.event.kind().to_owned(),
            event: envelope.to_json(),
            expires_at: (now + RETENTION).timestamp(),
        }
    }
}
