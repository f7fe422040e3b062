//! Events that wait for contact data.

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Put, TransactWriteItem},
};
use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId, UserId};
use serde::{Deserialize, Serialize};

use super::{CONTACT, RETENTION, Store, user_key};
use crate::Error;

/// Prefix of the sort keys of pending events.
const PENDING: &str = "PENDING#";

/// Outcome of deferring an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferral {
    /// The event is stored. The handler of the contact data will find it.
    Deferred,
    /// The event is not stored: contact data or a tombstone have just arrived. The caller reads them.
    Unnecessary,
}

/// `USER#<user id>` / `PENDING#<event id>`. Holds the whole event, which has no contact data.
#[derive(Serialize, Deserialize)]
pub(super) struct PendingItem {
    pk: String,
    sk: String,
    envelope: String,
    expires_at: i64,
}

impl Store {
    /// Stores the event until the user's contact data arrive. The same transaction checks that they are absent: either
    /// the event is written first and found when they are stored, or it is not written.
    pub async fn defer(&self, user_id: UserId, envelope: &Envelope, now: DateTime<Utc>) -> Result<Deferral, Error> {
        let absent = ConditionCheck::builder()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(user_key(user_id)))
            .key("sk", AttributeValue::S(CONTACT.to_owned()))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .expect("table, key and condition are set");
        let item = PendingItem {
            pk: user_key(user_id),
            sk: format!("{PENDING}{}", envelope.id),
            envelope: envelope.to_json(),
            expires_at: (now + RETENTION).timestamp(),
        };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .build()
            .expect("table and item are set");
        let outcome = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().condition_check(absent).build())
            .transact_items(TransactWriteItem::builder().put(put).build())
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(Deferral::Deferred),
            Err(error) if error.as_service_error().is_some_and(is_conflict) => Ok(Deferral::Unnecessary),
            Err(error) => Err(Error::store(error)),
        }
    }

    /// Returns the events that wait for the user's contact data: by their subjects, the newest of each first. Orders
    /// are in the order of their placement, and the newest event of an order decides which of the others still hold.
    pub async fn pending(&self, user_id: UserId) -> Result<Vec<Envelope>, Error> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :pending)")
            .expression_attribute_values(":pk", AttributeValue::S(user_key(user_id)))
            .expression_attribute_values(":pending", AttributeValue::S(PENDING.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut pending: Vec<Envelope> = Vec::new();
        while let Some(item) = pages.next().await {
            let item: PendingItem = serde_dynamo::from_item(item.map_err(Error::store)?)?;
            let envelope = serde_json::from_str(&item.envelope);
            pending.push(envelope.map_err(|error| Error::PendingEvent(Box::new(error.into())))?);
        }
        pending.sort_by(|a, b| a.subject.cmp(&b.subject).then(b.sequence.cmp(&a.sequence)));
        Ok(pending)
    }

    /// Removes a pending event.
    pub async fn remove_pending(&self, user_id: UserId, event_id: EventId) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("pk", AttributeValue::S(user_key(user_id)));
        delete.key("sk", AttributeValue::S(format!("{PENDING}{event_id}"))).send().await.map_err(Error::store)?;
        Ok(())
    }
}

/// Whether the check failed, or a write of the contact data is in progress.
fn is_conflict(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled
            .cancellation_reasons()
            .iter()
            .any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))),
        other => other.code() == Some("TransactionConflictException"),
    }
}
