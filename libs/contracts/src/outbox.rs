//! The outbox item: commits an event in the transaction of the change that it announces.
//!
//! A service with a DynamoDB table writes this item in the transaction that changes the state. The table's stream,
//! filtered to items with an [`OutboxItem::event`], invokes outbox-relay, which publishes the event unchanged.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::Envelope;

/// Time for which an outbox item is kept: longer than the 24 hours of a stream, so that events that the relay missed
/// can be read from the table.
pub const RETENTION: TimeDelta = TimeDelta::days(7);

/// An unpublished event, as an item of a table with the keys `pk` and `sk` and the TTL attribute `expires_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// `EVENT#<event id>`.
    pub pk: String,
    /// `OUTBOX`.
    pub sk: String,
    /// Type of the event: value of the SNS attribute that subscriptions filter on.
    pub event_type: String,
    /// Envelope as the JSON text that is published. The stream's filter requires this attribute.
    pub event: String,
    /// Unix time in seconds after which DynamoDB may delete the item.
    pub expires_at: i64,
}

impl OutboxItem {
    /// Creates the item of `envelope`, written at `now`.
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
