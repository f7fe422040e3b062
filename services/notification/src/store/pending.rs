//! Messages that wait for contact data.

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

/// What the sort keys of waiting messages begin with.
const PENDING: &str = "PENDING#";

/// What became of a message that is to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It waits, and whoever stores the contact data will find it.
    Waiting,
    /// The contact data, or the account's end, have just arrived: look again.
    Overtaken,
}

/// The whole event: it holds what the message says, and no contact data.
#[derive(Serialize, Deserialize)]
struct PendingItem {
    pk: String,
    sk: String,
    envelope: String,
    expires_at: i64,
}

impl Store {
    /// Keeps the event until the user's contact data arrive. That they are absent is checked in the same transaction:
    /// either this is written first, and found by who stores them, or it is not written at all.
    ///
    /// # Errors
    /// Where the table cannot be written.
    pub async fn keep_waiting(&self, user_id: UserId, envelope: &Envelope, now: DateTime<Utc>) -> Result<Kept, Error> {
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
            Ok(_) => Ok(Kept::Waiting),
            Err(error) if error.as_service_error().is_some_and(was_overtaken) => Ok(Kept::Overtaken),
            Err(error) => Err(Error::store(error)),
        }
    }

    /// The events that wait for the user's contact data, oldest first.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub async fn waiting(&self, user_id: UserId) -> Result<Vec<Envelope>, Error> {
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
        let mut waiting = Vec::new();
        while let Some(item) = pages.next().await {
            let item: PendingItem = serde_dynamo::from_item(item.map_err(Error::store)?)?;
            waiting.push(serde_json::from_str(&item.envelope)?);
        }
        Ok(waiting)
    }

    /// Forgets an event that waited.
    ///
    /// # Errors
    /// Where the table cannot be written.
    pub async fn forget_waiting(&self, user_id: UserId, event_id: EventId) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("pk", AttributeValue::S(user_key(user_id)));
        delete.key("sk", AttributeValue::S(format!("{PENDING}{event_id}"))).send().await.map_err(Error::store)?;
        Ok(())
    }
}

/// Whether the check lost, or met a write of the contact data at the same moment.
fn was_overtaken(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled
            .cancellation_reasons()
            .iter()
            .any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))),
        other => other.code() == Some("TransactionConflictException"),
    }
}
