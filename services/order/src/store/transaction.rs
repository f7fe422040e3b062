//! The transaction of a change: the order, its events, and the guard against a second execution.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, Put, TransactWriteItem},
};
use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId, outbox::OutboxItem};

use super::{
    Store,
    carts::StoredCart,
    idempotency::{IdempotentRequest, StoredResponse},
};
use crate::{
    domain::{Cart, Decision, Unpaid},
    error::Error,
};

/// Guard against a second execution of a change.
#[derive(Debug)]
pub(crate) enum Guard<'a> {
    /// Idempotency key of the request, with the response to store.
    Request(&'a IdempotentRequest, StoredResponse),
    /// Only the version: deciding a message again about the changed order changes nothing.
    Version,
}

/// Outcome of a transaction without a version conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    /// All items are written.
    Committed,
    /// Nothing is written: the guard exists already.
    Duplicate,
    /// Nothing is written: another transaction with the same guard is in progress.
    InFlight,
}

/// Change of the customer's cart in the transaction of an order's change. [`Error::VersionConflict`] if the cart has
/// changed since it was read.
#[derive(Debug)]
pub(crate) enum CartChange {
    /// None.
    Unchanged,
    /// Lines and bounds after a checkout, or after a rejection that returns the lines.
    Replaced { read: StoredCart, cart: Cart, unpaid: Unpaid },
    /// Another declined payment.
    Declined,
}

impl Store {
    /// Writes a new version of an order, its events, and the change of the customer's cart. [`Error::VersionConflict`]
    /// if the order has changed since it was read.
    pub(crate) async fn write(
        &self,
        decision: &Decision,
        cart: CartChange,
        guard: Guard<'_>,
        now: DateTime<Utc>,
    ) -> Result<Commit, Error> {
        let guard = match guard {
            Guard::Request(request, response) => Some(self.put_response(request, response, now)?),
            Guard::Version => None,
        };
        let is_guarded = guard.is_some();
        let user = decision.order.user_id;
        let mut items: Vec<_> = guard.map(put).into_iter().collect();
        items.push(put(self.put_order(&decision.order)?));
        match cart {
            CartChange::Unchanged => {}
            CartChange::Replaced { read, cart, unpaid } => {
                items.push(put(self.put_cart(user, &read, cart, unpaid, now)?));
            }
            CartChange::Declined => {
                items.push(TransactWriteItem::builder().update(self.count_decline(user, now)?).build());
            }
        }
        for event in &decision.events {
            let (order, event) = (&decision.order, event.clone());
            let envelope = Envelope::new(EventId::generate(), order.id, order.version, now, event);
            items.push(put(self.put_event(&envelope, now)?));
        }
        self.transact(items, is_guarded).await
    }

    /// Writes all `items` or none. The first is the guard, if there is one.
    pub(super) async fn transact(&self, items: Vec<TransactWriteItem>, is_guarded: bool) -> Result<Commit, Error> {
        // The SDK sets a client request token, so that its own retries after a lost response are not executed twice.
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Commit::Committed),
            Err(error) => match error.as_service_error().and_then(reasons) {
                Some(reasons) => outcome(is_guarded, reasons),
                None => Err(error.into()),
            },
        }
    }

    pub(super) fn put_event(&self, envelope: &Envelope, now: DateTime<Utc>) -> Result<Put, Error> {
        let item = serde_dynamo::to_item(OutboxItem::new(envelope, now))?;
        Ok(Put::builder().table_name(&self.table).set_item(Some(item)).build()?)
    }
}

fn put(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

fn reasons(error: &TransactWriteItemsError) -> Option<&[CancellationReason]> {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => Some(cancelled.cancellation_reasons()),
        _ => None,
    }
}

/// Interprets a cancelled transaction. There is one reason per item, in the order of the items: the guard's is first.
fn outcome(is_guarded: bool, reasons: &[CancellationReason]) -> Result<Commit, Error> {
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
    match codes.first() {
        Some(&"ConditionalCheckFailed") if is_guarded => return Ok(Commit::Duplicate),
        Some(&"TransactionConflict") if is_guarded => return Ok(Commit::InFlight),
        _ => {}
    }
    if codes.iter().all(|code| matches!(*code, "None" | "ConditionalCheckFailed" | "TransactionConflict")) {
        return Err(Error::VersionConflict);
    }
    let is_overloaded = codes.iter().any(|code| matches!(*code, "ThrottlingError" | "ProvisionedThroughputExceeded"));
    let cause = format!("transaction cancelled: {}", codes.join(", ")).into();
    Err(if is_overloaded { Error::Unavailable(cause) } else { Error::Store(cause) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome_of(is_guarded: bool, codes: &[&str]) -> Result<Commit, Error> {
        let reasons: Vec<_> = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        outcome(is_guarded, &reasons)
    }

    #[test]
    fn the_guard_takes_precedence_over_the_version() {
        let codes = ["ConditionalCheckFailed", "ConditionalCheckFailed"];
        assert_eq!(outcome_of(true, &codes).unwrap(), Commit::Duplicate);
        assert_eq!(outcome_of(true, &["TransactionConflict", "None"]).unwrap(), Commit::InFlight);
    }

    #[test]
    fn a_concurrent_change_of_the_order_or_the_cart_is_a_version_conflict() {
        for codes in [["None", "ConditionalCheckFailed"], ["None", "TransactionConflict"]] {
            assert!(outcome_of(true, &codes).unwrap_err().is_version_conflict());
        }
        assert!(outcome_of(false, &["ConditionalCheckFailed", "None"]).unwrap_err().is_version_conflict());
    }

    #[test]
    fn throttling_is_retryable_and_the_rest_are_internal_errors() {
        assert!(matches!(outcome_of(true, &["None", "ThrottlingError"]), Err(Error::Unavailable(_))));
        assert!(matches!(outcome_of(true, &["None", "ValidationError"]), Err(Error::Store(_))));
    }
}
