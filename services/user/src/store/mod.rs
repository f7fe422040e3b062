//! The service's table: one item for each fact, reached by its key alone.
//!
//! | pk | sk | What |
//! |---|---|---|
//! | `USER#<id>` | `PROFILE` | an account |
//! | `USER#<id>` | `FAMILY#<id>` | a sign-in whose refresh tokens are still good |
//! | `EMAIL#<address in lower case>` | `ACCOUNT` | whose address it is: what makes it unique |
//! | `REFRESH#<SHA-256>` | `REFRESH` | a refresh token, used or not |
//! | `SIGNIN#<address in lower case>` | `ATTEMPTS` | sign-in attempts since the last success, of known and unknown addresses |
//! | `EVENT#<id>` | `OUTBOX` | an event on its way out |
//!
//! State and the event that announces it are one transaction ([`Store::commit`]), and every condition is the table's to check.

mod accounts;
mod attempts;
mod refresh_tokens;

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

pub use accounts::Created;
pub use refresh_tokens::{Rotation, StoredToken};

/// How often a transaction is begun that another one was in the way of.
const TRANSACTION_ATTEMPTS: u32 = 4;
/// The pause before the second attempt, at most; it doubles.
const TRANSACTION_PAUSE: Duration = Duration::from_millis(40);

type Item = HashMap<String, AttributeValue>;

/// The table could not be read or written. A condition that does not hold is no error, but an answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB did not do it, after the retries of its client.
    #[error("DynamoDB did not answer {operation}")]
    Call {
        /// What it was asked.
        operation: &'static str,
        /// Why it did not.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// An item is not of the form that this release reads or writes.
    #[error("an item cannot be read or written")]
    Form(#[from] serde_dynamo::Error),
    /// Other transactions on the same items were in the way each time.
    #[error("too many transactions on the same items")]
    Contended,
}

impl StoreError {
    fn call<E: Error + Send + Sync + 'static>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Call { operation, source: error.into() }
    }
}

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
enum Commit {
    /// All of it is written.
    Done,
    /// Nothing is written, because conditions do not hold: those of the writes at these positions.
    Refused(Vec<usize>),
}

/// The service's table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Asks for an item that does not exist: opens the connection before a request waits for it, and finds a wrong
    /// name or missing rights at start.
    pub async fn warm_up(&self) -> Result<(), StoreError> {
        self.get::<serde::de::IgnoredAny>("WARM", "WARM").await.map(|_| ())
    }

    /// Every event that was put into the table and not yet deleted by TTL, in no order. A scan: for repair and for tests.
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
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::call("GetItem"))?;
        Ok(answer.item.map(serde_dynamo::from_item).transpose()?)
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key(pk, sk)));
        request.send().await.map(|_| ()).map_err(StoreError::call("DeleteItem"))
    }

    /// Writes all or nothing. The client's own retries carry one token, so that a lost answer is not a second write;
    /// here a transaction is begun again that was cancelled only because another one held an item.
    async fn commit(&self, writes: Vec<TransactWriteItem>) -> Result<Commit, StoreError> {
        for attempt in 0..TRANSACTION_ATTEMPTS {
            if attempt > 0 {
                let longest = TRANSACTION_PAUSE * (1 << (attempt - 1));
                tokio::time::sleep(longest.mul_f64(rand::random())).await;
            }
            match self.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await {
                Ok(_) => return Ok(Commit::Done),
                Err(error) => match refused(&error) {
                    Some(positions) if positions.is_empty() => {}
                    Some(positions) => return Ok(Commit::Refused(positions)),
                    None => return Err(StoreError::call("TransactWriteItems")(error)),
                },
            }
        }
        Err(StoreError::Contended)
    }

    /// The write of an item that must not exist yet.
    fn put_new(&self, item: &impl Serialize) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .condition_expression("attribute_not_exists(pk)");
        Ok(TransactWriteItem::builder().put(put.build().expect("table and item are set")).build())
    }

    /// The write that announces what the transaction around it changes.
    fn put_event(&self, envelope: &Envelope, now: DateTime<Utc>) -> Result<TransactWriteItem, StoreError> {
        self.put_new(&OutboxItem::new(envelope, now))
    }
}

/// Which writes' conditions do not hold, if that, or another transaction, is why a transaction was cancelled.
fn refused<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Vec<usize>> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.as_service_error()? else {
        return None;
    };
    let codes = || cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None"));
    let repeatable =
        ["None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    let failed = || codes().enumerate().filter(|(_, code)| *code == "ConditionalCheckFailed").map(|(at, _)| at);
    codes().all(|code| repeatable.contains(&code)).then(|| failed().collect())
}

/// Whether a single write's condition held; other errors are errors.
fn held<T, E, R>(operation: &'static str, result: Result<T, SdkError<E, R>>) -> Result<bool, StoreError>
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
