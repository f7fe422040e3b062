//! The table: payments and outbox items. One function per query.

mod item;
#[cfg(test)]
mod samples;

use std::error::Error as StdError;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use contracts::outbox::OutboxItem;
use contracts::{Envelope, PaymentId};
use serde::Serialize;
use serde_dynamo::to_item;

use crate::domain::{Change, Payment};
use item::PaymentItem;

/// The payment table. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

/// Error of a query.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another delivery changed the payment since it was read.
    #[error("version conflict")]
    VersionConflict,
    /// DynamoDB refused the call or could not be reached. A write may have been applied.
    #[error("payment table not available")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// An item does not have the form that this service writes.
    #[error("unreadable item in the payment table")]
    Unreadable(#[source] Box<dyn StdError + Send + Sync>),
}

impl StoreError {
    fn unavailable(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unavailable(Box::new(error))
    }

    fn unreadable(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unreadable(Box::new(error))
    }
}

impl Store {
    /// Accesses the table with the name `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens a connection before the first query, because the handshakes take longer than the query.
    pub async fn warm_up(&self) {
        let response = self.get("WARM-UP").send().await;
        tracing::debug!(reached = response.is_ok(), "opened a connection to the table");
    }

    /// Returns the payment as it is recorded, if it is.
    pub async fn load(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let response = self.get(&item::partition(id)).send().await.map_err(StoreError::unavailable)?;
        let Some(attributes) = response.item else { return Ok(None) };
        let item: PaymentItem = serde_dynamo::from_item(attributes).map_err(StoreError::unreadable)?;
        item.try_into().map(Some).map_err(StoreError::unreadable)
    }

    /// Records a change together with its event, on condition that the payment is at the version before.
    ///
    /// [`StoreError::VersionConflict`] means that another delivery changed the payment, or that this change was
    /// recorded and the response was lost. Loading the payment again shows which.
    pub async fn commit(&self, change: &Change, envelope: Option<&Envelope>) -> Result<(), StoreError> {
        let put = self.put_payment(&change.payment)?;
        match envelope {
            None => self.put(put).await,
            Some(envelope) => self.put_both(put, self.put_event(envelope, change)?).await,
        }
    }

    /// A consistent read, so that a void never misses a recorded payment.
    fn get(&self, partition: &str) -> GetItemFluentBuilder {
        self.client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(partition.to_owned()))
            .key("sk", AttributeValue::S(item::SORT_KEY.to_owned()))
            .consistent_read(true)
    }

    fn put_payment(&self, payment: &Payment) -> Result<Put, StoreError> {
        let put = self.put_item(PaymentItem::from(payment))?;
        let previous = payment.version - 1;
        let put = if previous == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("version = :previous")
                .expression_attribute_values(":previous", AttributeValue::N(previous.to_string()))
        };
        put.build().map_err(StoreError::unavailable)
    }

    fn put_event(&self, envelope: &Envelope, change: &Change) -> Result<Put, StoreError> {
        self.put_item(OutboxItem::new(envelope, change.payment.updated_at))?.build().map_err(StoreError::unavailable)
    }

    fn put_item(&self, item: impl Serialize) -> Result<PutBuilder, StoreError> {
        let item = to_item(item).map_err(StoreError::unreadable)?;
        Ok(Put::builder().table_name(&self.table).set_item(Some(item)))
    }

    async fn put(&self, put: Put) -> Result<(), StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_values(put.expression_attribute_values)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_put_conflict) => Err(StoreError::VersionConflict),
            Err(error) => Err(StoreError::unavailable(error)),
        }
    }

    async fn put_both(&self, payment: Put, event: Put) -> Result<(), StoreError> {
        let items = [payment, event].map(|put| TransactWriteItem::builder().put(put).build());
        match self.client.transact_write_items().set_transact_items(Some(items.into())).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_transaction_conflict(&error) => Err(StoreError::VersionConflict),
            Err(error) => Err(StoreError::unavailable(error)),
        }
    }
}

/// Whether the condition did not hold, or a transaction that is about to change the item is in progress.
fn is_put_conflict(error: &PutItemError) -> bool {
    error.is_conditional_check_failed_exception() || error.is_transaction_conflict_exception()
}

/// Whether the condition did not hold, or another transaction that is about to change the item is in progress.
fn is_transaction_conflict(error: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return false;
    };
    let reason = cancelled.cancellation_reasons().first().and_then(|reason| reason.code());
    matches!(reason, Some("ConditionalCheckFailed" | "TransactionConflict"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionConflictException;

    use super::*;

    #[test]
    fn a_void_that_conflicts_with_the_record_of_an_authorization_is_decided_again_at_once() {
        let conflict = TransactionConflictException::builder().build();
        assert!(is_put_conflict(&PutItemError::TransactionConflictException(conflict)));
    }
}
