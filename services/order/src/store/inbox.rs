//! Processed-message records (inbox pattern): written with the effect, so that a second delivery has none.

use aws_sdk_dynamodb::types::Put;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::EventId;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::error::Error;

/// Retention of a record: longer than a message can be in a queue and then in its dead-letter queue (14 days each).
const RETENTION: TimeDelta = TimeDelta::days(30);

#[derive(Serialize, Deserialize)]
pub(super) struct ProcessedMessageItem {
    pk: String,
    sk: String,
    expires_at: i64,
}

impl Store {
    /// Records `event` as processed, as part of a transaction, which fails if it was recorded before.
    pub(super) fn put_processed_message(&self, event: EventId, now: DateTime<Utc>) -> Result<Put, Error> {
        let item = ProcessedMessageItem {
            pk: format!("INBOX#{event}"),
            sk: "INBOX".to_owned(),
            expires_at: (now + RETENTION).timestamp(),
        };
        let put = Put::builder().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        Ok(put.condition_expression("attribute_not_exists(pk)").build()?)
    }
}
