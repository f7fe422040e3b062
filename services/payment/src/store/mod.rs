//! The table: payments, and the events that announce their changes. One function per access.

mod item;

use std::error::Error as StdError;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
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

/// Why an access to the table failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The payment is no longer at the version that was decided on.
    #[error("somebody else changed the payment")]
    VersionConflict,
    /// The table did not do what it was asked; with a write, that is not certain.
    #[error("the payment table failed")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
    /// An item is not what this service writes.
    #[error("an item of the payment table cannot be read")]
    Unreadable(#[source] Box<dyn StdError + Send + Sync>),
}

impl StoreError {
    fn failed(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }

    fn unreadable(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unreadable(Box::new(error))
    }
}

impl Store {
    /// The table of this name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens a connection ahead of the first access, as the handshakes take longer than the access.
    pub async fn warm_up(&self) {
        let answer = self.get("WARM-UP").send().await;
        tracing::debug!(reached = answer.is_ok(), "connected to the table ahead of time");
    }

    /// The payment as it was last recorded, if it was.
    pub async fn load(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let answer = self.get(&item::partition(id)).send().await.map_err(StoreError::failed)?;
        let Some(attributes) = answer.item else { return Ok(None) };
        let item: PaymentItem = serde_dynamo::from_item(attributes).map_err(StoreError::unreadable)?;
        item.try_into().map(Some).map_err(StoreError::unreadable)
    }

    /// Records a change on the version before it, together with its event.
    ///
    /// Fails with [`StoreError::VersionConflict`] where the payment is not at that version: somebody else was faster, or this
    /// very change was recorded and the answer was lost. Loading it again tells.
    pub async fn commit(&self, change: &Change, envelope: Option<&Envelope>) -> Result<(), StoreError> {
        let put = self.put_payment(&change.payment)?;
        match envelope {
            None => self.put(put).await,
            Some(envelope) => self.put_both(put, self.put_event(envelope, change)?).await,
        }
    }

    /// Consistent: a stale answer would only cost a conflict, but a void must never take a payment for unknown.
    fn get(&self, partition: &str) -> aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder {
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
        put.build().map_err(StoreError::failed)
    }

    fn put_event(&self, envelope: &Envelope, change: &Change) -> Result<Put, StoreError> {
        self.put_item(OutboxItem::new(envelope, change.payment.updated_at))?.build().map_err(StoreError::failed)
    }

    fn put_item(&self, item: impl Serialize) -> Result<aws_sdk_dynamodb::types::builders::PutBuilder, StoreError> {
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
            Err(error) if error.as_service_error().is_some_and(lost_the_race) => Err(StoreError::VersionConflict),
            Err(error) => Err(StoreError::failed(error)),
        }
    }

    async fn put_both(&self, payment: Put, event: Put) -> Result<(), StoreError> {
        let items = [payment, event].map(|put| TransactWriteItem::builder().put(put).build());
        match self.client.transact_write_items().set_transact_items(Some(items.into())).send().await {
            Ok(_) => Ok(()),
            Err(error) if was_outrun(&error) => Err(StoreError::VersionConflict),
            Err(error) => Err(StoreError::failed(error)),
        }
    }
}

/// The condition did not hold, or a transaction holds the item right now and is about to change it.
fn lost_the_race(error: &PutItemError) -> bool {
    error.is_conditional_check_failed_exception() || error.is_transaction_conflict_exception()
}

/// The condition did not hold, or another transaction holds the item right now and is about to change it.
fn was_outrun(error: &SdkError<TransactWriteItemsError>) -> bool {
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
    fn a_void_that_meets_the_record_of_the_authorisation_is_decided_again_at_once() {
        let conflict = TransactionConflictException::builder().build();
        assert!(lost_the_race(&PutItemError::TransactionConflictException(conflict)));
    }
}
