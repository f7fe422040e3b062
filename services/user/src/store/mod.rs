//! The service's table. Every item is accessed by its key; there is no index.
//!
//! | pk | sk | Content |
//! |---|---|---|
//! | `USER#<id>` | `PROFILE` | an account |
//! | `USER#<id>` | `FAMILY#<id>` | a sign-in whose refresh tokens are not revoked |
//! | `EMAIL#<address in lower case>` | `ACCOUNT` | the account with this address; makes addresses unique |
//! | `REFRESH#<SHA-256>` | `REFRESH` | a refresh token, and the time of its use |
//! | `SIGNIN#<address in lower case>` | `ATTEMPTS` | sign-in attempts since the last success, also for unknown addresses |
//! | `EVENT#<id>` | `OUTBOX` | an event for outbox-relay |
//!
//! A change and its event are one transaction ([`Store::commit`]). All conditions are checked by the table.

mod accounts;
mod attempts;
mod refresh_tokens;
#[cfg(test)]
mod samples;

use std::{collections::HashMap, error::Error, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use chrono::{DateTime, Utc};
use contracts::{Envelope, outbox::OutboxItem};
use serde::{Serialize, de::DeserializeOwned};

pub use accounts::{Creation, Page};
pub use refresh_tokens::{Rotation, StoredToken};

/// Number of attempts of a transaction that conflicts with others.
const TRANSACTION_ATTEMPTS: u32 = 4;
/// Maximum pause before the second attempt. Doubles with each further attempt.
const TRANSACTION_PAUSE: Duration = Duration::from_millis(40);

type Item = HashMap<String, AttributeValue>;

/// Failure to read or write the table. A failed condition is not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A call to DynamoDB failed, after the retries of its client.
    #[error("DynamoDB call {operation} failed")]
    Call {
        /// Name of the operation.
        operation: &'static str,
        /// Cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// An item could not be serialized or deserialized.
    #[error("invalid item")]
    InvalidItem(#[from] serde_dynamo::Error),
    /// Each attempt of a transaction conflicted with another one on the same items.
    #[error("retries exhausted: too many concurrent transactions on the same items")]
    RetriesExhausted,
}

impl StoreError {
    fn call<E: Error + Send + Sync + 'static>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Call { operation, source: error.into() }
    }
}

/// Outcome of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
enum Commit {
    /// Everything is written.
    Done,
    /// Nothing is written, because the conditions of the writes at these positions failed.
    ConditionFailed(Vec<usize>),
}

/// The service's table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// Creates the store of a table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Reads an item that does not exist. Opens the connection before the first request, and finds a wrong table name
    /// or missing permissions at start.
    pub async fn warm_up(&self) -> Result<(), StoreError> {
        self.get::<serde::de::IgnoredAny>("WARM", "WARM").await.map(|_| ())
    }

    /// Returns the outbox items that TTL has not deleted yet, unordered. A scan, for repairs and tests.
    pub async fn events(&self) -> Result<Vec<Envelope>, StoreError> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("attribute_exists(event)")
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while let Some(item) = pages.next().await {
            let item: OutboxItem = serde_dynamo::from_item(item.map_err(StoreError::call("Scan"))?)?;
            events.push(serde_json::from_str(&item.event).map_err(StoreError::call("Scan"))?);
        }
        Ok(events)
    }

    async fn get<T: DeserializeOwned>(&self, pk: &str, sk: &str) -> Result<Option<T>, StoreError> {
        let response = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::call("GetItem"))?;
        Ok(response.item.map(serde_dynamo::from_item).transpose()?)
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key(pk, sk)));
        request.send().await.map(|_| ()).map_err(StoreError::call("DeleteItem"))
    }

    /// Writes everything or nothing. Retries of the SDK use one token, so that a lost response does not lead to a
    /// second write. This loop retries only transactions that were cancelled by a conflict with another one.
    async fn commit(&self, writes: Vec<TransactWriteItem>) -> Result<Commit, StoreError> {
        for attempt in 0..TRANSACTION_ATTEMPTS {
            if attempt > 0 {
                let max_pause = TRANSACTION_PAUSE * (1 << (attempt - 1));
                tokio::time::sleep(max_pause.mul_f64(rand::random())).await;
            }
            match self.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await {
                Ok(_) => return Ok(Commit::Done),
                Err(error) => match failed_conditions(&error) {
                    Some(positions) if positions.is_empty() => {}
                    Some(positions) => return Ok(Commit::ConditionFailed(positions)),
                    None => return Err(StoreError::call("TransactWriteItems")(error)),
                },
            }
        }
        Err(StoreError::RetriesExhausted)
    }

    /// Returns the write of an item that must not exist yet.
    fn put_new(&self, item: &impl Serialize) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .condition_expression("attribute_not_exists(pk)");
        Ok(TransactWriteItem::builder().put(put.build().expect("table and item are set")).build())
    }

    /// Returns the write of the event that announces the transaction's change.
    fn put_event(&self, envelope: &Envelope, now: DateTime<Utc>) -> Result<TransactWriteItem, StoreError> {
        self.put_new(&OutboxItem::new(envelope, now))
    }
}

/// Returns the positions of failed conditions, empty after a conflict with another transaction. `None` for other
/// errors.
fn failed_conditions<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Vec<usize>> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.as_service_error()? else {
        return None;
    };
    let codes = || cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None"));
    let expected =
        ["None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    let failed = || codes().enumerate().filter(|(_, code)| *code == "ConditionalCheckFailed").map(|(at, _)| at);
    codes().all(|code| expected.contains(&code)).then(|| failed().collect())
}

/// Returns whether the condition of a single write was met.
fn is_condition_met<T, E, R>(operation: &'static str, result: Result<T, SdkError<E, R>>) -> Result<bool, StoreError>
where
    SdkError<E, R>: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(StoreError::call(operation)(error)),
    }
}

fn key(pk: &str, sk: &str) -> Item {
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
