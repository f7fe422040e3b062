//! The one transaction of a change: the order, its events, and the guard that keeps it from happening twice.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, Put, TransactWriteItem},
};
use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId, UserId, outbox::OutboxItem};

use super::{
    Store,
    carts::StoredCart,
    idempotency::{RepeatableRequest, StoredAnswer},
};
use crate::{domain::Decision, error::Error};

/// What keeps a change from being made twice.
#[derive(Debug)]
pub enum Guard<'a> {
    /// The mark of the message that brought it about.
    Message(EventId),
    /// The idempotency key of the request that asked for it, with the answer to keep.
    Request(&'a RepeatableRequest, StoredAnswer),
    /// Nothing: deciding again about the changed order changes nothing.
    Version,
}

/// What became of a transaction that was not outdated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// All of it is written.
    Done,
    /// Nothing is written: the guard was there before.
    Repeated,
    /// Nothing is written: another transaction with the same guard is in flight.
    InFlight,
}

impl Store {
    /// Writes a new order and takes the cart away that it was made from. [`Error::VersionConflict`] if the cart has changed
    /// since it was read.
    pub async fn place(
        &self,
        decision: &Decision,
        user: UserId,
        cart: &StoredCart,
        guard: Guard<'_>,
        now: DateTime<Utc>,
    ) -> Result<Commit, Error> {
        let removal = TransactWriteItem::builder().delete(self.removal_of(user, cart)?).build();
        self.write(decision, Some(removal), guard, now).await
    }

    /// Writes a change of an order. [`Error::VersionConflict`] if somebody else has changed it since it was read.
    pub async fn change(&self, decision: &Decision, guard: Guard<'_>, now: DateTime<Utc>) -> Result<Commit, Error> {
        self.write(decision, None, guard, now).await
    }

    async fn write(
        &self,
        decision: &Decision,
        also: Option<TransactWriteItem>,
        guard: Guard<'_>,
        now: DateTime<Utc>,
    ) -> Result<Commit, Error> {
        let guard = match guard {
            Guard::Message(event) => Some(self.mark_of(event, now)?),
            Guard::Request(request, answer) => Some(self.keep(request, answer, now)?),
            Guard::Version => None,
        };
        let guarded = guard.is_some();
        let mut items: Vec<_> = guard.map(put).into_iter().collect();
        items.push(put(self.put_of(&decision.order)?));
        items.extend(also);
        for event in &decision.events {
            let (order, event) = (&decision.order, event.clone());
            let envelope = Envelope::new(EventId::generate(), order.id, order.version, now, event);
            items.push(put(self.outbox(&envelope, now)?));
        }
        self.transact(items, guarded).await
    }

    /// Writes all of `items` or none; the first is the guard, if there is one.
    pub(super) async fn transact(&self, items: Vec<TransactWriteItem>, guarded: bool) -> Result<Commit, Error> {
        // The SDK names each call with a token, so that its own retries after a lost answer are not carried out twice.
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Commit::Done),
            Err(error) => match error.as_service_error().and_then(reasons) {
                Some(reasons) => outcome(guarded, reasons),
                None => Err(error.into()),
            },
        }
    }

    fn outbox(&self, envelope: &Envelope, now: DateTime<Utc>) -> Result<Put, Error> {
        let item = serde_dynamo::to_item(OutboxItem::new(envelope, now))?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build();
        put.map_err(|error| Error::Store(error.into()))
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

/// Reads why a transaction was cancelled: one reason per item, in the order of the items, so the guard's is the first.
fn outcome(guarded: bool, reasons: &[CancellationReason]) -> Result<Commit, Error> {
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
    match codes.first() {
        Some(&"ConditionalCheckFailed") if guarded => return Ok(Commit::Repeated),
        Some(&"TransactionConflict") if guarded => return Ok(Commit::InFlight),
        _ => {}
    }
    if codes.iter().all(|code| matches!(*code, "None" | "ConditionalCheckFailed" | "TransactionConflict")) {
        return Err(Error::VersionConflict);
    }
    let overloaded = codes.iter().any(|code| matches!(*code, "ThrottlingError" | "ProvisionedThroughputExceeded"));
    let cause = format!("a transaction was cancelled: {}", codes.join(", ")).into();
    Err(if overloaded { Error::Unavailable(cause) } else { Error::Store(cause) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(guarded: bool, codes: &[&str]) -> Result<Commit, Error> {
        let reasons: Vec<_> = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        outcome(guarded, &reasons)
    }

    #[test]
    fn the_guard_decides_before_the_version_does() {
        assert_eq!(of(true, &["ConditionalCheckFailed", "ConditionalCheckFailed"]).unwrap(), Commit::Repeated);
        assert_eq!(of(true, &["TransactionConflict", "None"]).unwrap(), Commit::InFlight);
    }

    #[test]
    fn another_change_of_the_order_or_of_the_cart_is_conflict() {
        for codes in [["None", "ConditionalCheckFailed"], ["None", "TransactionConflict"]] {
            assert!(of(true, &codes).unwrap_err().is_conflict());
        }
        assert!(of(false, &["ConditionalCheckFailed", "None"]).unwrap_err().is_conflict());
    }

    #[test]
    fn throttling_is_passing_and_the_rest_is_our_fault() {
        assert!(matches!(of(true, &["None", "ThrottlingError"]), Err(Error::Unavailable(_))));
        assert!(matches!(of(true, &["None", "ValidationError"]), Err(Error::Store(_))));
    }
}
