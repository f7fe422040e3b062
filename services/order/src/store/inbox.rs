//! Marks of handled messages: written with the effect, so that a second delivery has none.

use aws_sdk_dynamodb::types::Put;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::EventId;
use serde::Serialize;

use super::Store;
use crate::error::Error;

/// How long a mark is kept: longer than a message can wait in a queue and then in its dead-letter queue (14 days each).
const RETENTION: TimeDelta = TimeDelta::days(30);

#[derive(Serialize)]
struct InboxMark {
    pk: String,
    sk: &'static str,
    expires_at: i64,
}

impl Store {
    /// Marks `event` as handled as part of a transaction, which fails if it was handled before.
    pub(super) fn mark_of(&self, event: EventId, now: DateTime<Utc>) -> Result<Put, Error> {
        let mark = InboxMark { pk: format!("INBOX#{event}"), sk: "INBOX", expires_at: (now + RETENTION).timestamp() };
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(mark)?))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| Error::Store(error.into()))
    }
}
