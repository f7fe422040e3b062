//! Carts: one item per customer.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{
        put_item::PutItemError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, Update},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use contracts::UserId;
use serde::{Deserialize, Serialize};
use tokio::sync::MutexGuard;
use uuid::Uuid;

use super::{Item, Store, key};
use crate::{
    domain::{Cart, Unpaid},
    error::Error,
};

/// Time after which an untouched cart is deleted.
const RETENTION: TimeDelta = TimeDelta::days(90);

/// Time for which the cart of a deleted account stays closed: longer than an access token is valid.
const CLOSED: TimeDelta = TimeDelta::days(1);

/// A customer's cart, with the revision that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredCart {
    pub(crate) cart: Cart,
    /// Bounds of the customer's orders and payments.
    pub(crate) unpaid: Unpaid,
    /// Random value of each write. A counter would start again after the item is deleted, and a slow request could
    /// mistake the new cart for the one that it read.
    revision: Option<Uuid>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CartItem {
    pk: String,
    sk: String,
    revision: Uuid,
    updated_at: DateTime<Utc>,
    lines: Cart,
    #[serde(flatten)]
    unpaid: Unpaid,
    /// True for the cart of a deleted account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    closed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl CartItem {
    fn new(user: UserId, cart: Cart, unpaid: Unpaid, now: DateTime<Utc>) -> Self {
        Self {
            pk: pk(user),
            sk: SK.to_owned(),
            revision: Uuid::new_v4(),
            updated_at: now,
            lines: cart,
            unpaid,
            closed: false,
            expires_at: Some((now + RETENTION).timestamp()),
        }
    }
}

impl TryFrom<CartItem> for StoredCart {
    type Error = Error;

    /// [`Error::AccountDeleted`] if the cart is closed.
    fn try_from(item: CartItem) -> Result<Self, Error> {
        let CartItem { lines, unpaid, revision, closed, .. } = item;
        if closed { Err(Error::AccountDeleted) } else { Ok(Self { cart: lines, unpaid, revision: Some(revision) }) }
    }
}

impl Store {
    /// Waits until no other request of this process changes the cart of `user`, and keeps others waiting.
    pub(crate) async fn lock_cart(&self, user: UserId) -> MutexGuard<'_, ()> {
        self.locks.lock(user).await
    }

    /// Returns the cart of `user`; an empty one if there is none. [`Error::AccountDeleted`] if the account is deleted.
    pub(crate) async fn cart(&self, user: UserId) -> Result<StoredCart, Error> {
        let item: Option<CartItem> = self.get(cart_key(user)).await?;
        match item {
            Some(item) => item.try_into(),
            None => Ok(StoredCart { cart: Cart::default(), unpaid: Unpaid::default(), revision: None }),
        }
    }

    /// Writes the first lines of a cart without reading it. If the stored cart has lines, it is not changed, and
    /// returned.
    pub(crate) async fn begin_cart(
        &self,
        user: UserId,
        cart: &Cart,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredCart>, Error> {
        let update = self
            .update_lines(user, cart, now)?
            .condition_expression(
                "attribute_not_exists(closed) AND (attribute_not_exists(#lines) OR size(#lines) = :zero)",
            )
            .expression_attribute_values(":zero", AttributeValue::N("0".to_owned()));
        match update.send().await {
            Ok(_) => Ok(None),
            // Only a stored cart fails the condition.
            Err(error) => refused(error)?.map(Some).ok_or(Error::VersionConflict),
        }
    }

    /// Removes all lines of a cart, without reading it.
    pub(crate) async fn empty_cart(&self, user: UserId, now: DateTime<Utc>) -> Result<(), Error> {
        let update = self
            .update_lines(user, &Cart::default(), now)?
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(closed)");
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => refused(error).map(drop),
        }
    }

    /// Returns an update of a cart's lines. If its condition fails, the error has the stored cart.
    fn update_lines(&self, user: UserId, cart: &Cart, now: DateTime<Utc>) -> Result<UpdateItemFluentBuilder, Error> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(cart_key(user)));
        Ok(update
            .update_expression("SET revision = :revision, updated_at = :now, expires_at = :expires_at, #lines = :lines")
            .expression_attribute_names("#lines", "lines")
            .expression_attribute_values(":revision", AttributeValue::S(Uuid::new_v4().to_string()))
            .expression_attribute_values(":now", serde_dynamo::to_attribute_value(now)?)
            .expression_attribute_values(":expires_at", AttributeValue::N((now + RETENTION).timestamp().to_string()))
            .expression_attribute_values(":lines", serde_dynamo::to_attribute_value(cart)?)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld))
    }

    /// Replaces `read` by `cart`. [`Error::VersionConflict`] if the cart has changed since it was read.
    pub(crate) async fn save_cart(
        &self,
        user: UserId,
        read: &StoredCart,
        cart: Cart,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut unpaid = read.unpaid.clone();
        unpaid.prune(now);
        let item = CartItem::new(user, cart, unpaid, now);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        let put = match read.revision {
            Some(revision) => put
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", AttributeValue::S(revision.to_string())),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        match put.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if is_conflict(error.err()) => Err(Error::VersionConflict),
            Err(error) => Err(error.into()),
        }
    }

    /// Empties and closes the cart of a deleted account: an access token may still be valid. [`Error::VersionConflict`]
    /// if a checkout is writing it.
    pub(crate) async fn close_cart(&self, user: UserId, now: DateTime<Utc>) -> Result<(), Error> {
        let item = CartItem {
            closed: true,
            expires_at: Some((now + CLOSED).timestamp()),
            ..CartItem::new(user, Cart::default(), Unpaid::default(), now)
        };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if is_conflict(error.err()) => Err(Error::VersionConflict),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces `read` as part of a transaction, which fails if the cart has changed since it was read.
    pub(super) fn put_cart(
        &self,
        user: UserId,
        read: &StoredCart,
        cart: Cart,
        unpaid: Unpaid,
        now: DateTime<Utc>,
    ) -> Result<Put, Error> {
        let item = serde_dynamo::to_item(CartItem::new(user, cart, unpaid, now))?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match read.revision {
            Some(revision) => put
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", AttributeValue::S(revision.to_string())),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        Ok(put.build()?)
    }

    /// Counts a declined payment of `user` as part of a transaction, without reading the cart.
    pub(super) fn count_decline(&self, user: UserId, now: DateTime<Utc>) -> Result<Update, Error> {
        let none = || AttributeValue::L(Vec::new());
        let time = AttributeValue::S(now.to_rfc3339_opts(SecondsFormat::Millis, true));
        let expires_at = (now + RETENTION).timestamp().to_string();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(cart_key(user)))
            .update_expression(
                "SET revision = :revision, updated_at = :now, expires_at = if_not_exists(expires_at, :expires_at), \
                 #lines = if_not_exists(#lines, :none), declines = list_append(if_not_exists(declines, :none), :declines)",
            )
            .expression_attribute_names("#lines", "lines")
            .expression_attribute_values(":revision", AttributeValue::S(Uuid::new_v4().to_string()))
            .expression_attribute_values(":now", time.clone())
            .expression_attribute_values(":expires_at", AttributeValue::N(expires_at))
            .expression_attribute_values(":none", none())
            .expression_attribute_values(":declines", AttributeValue::L(vec![time]));
        Ok(update.build()?)
    }
}

const SK: &str = "CART";

fn pk(user: UserId) -> String {
    format!("USER#{user}")
}

fn cart_key(user: UserId) -> Item {
    key(pk(user), SK.to_owned())
}

/// Returns the stored cart that failed the condition of an update; `None` if there is no cart.
/// [`Error::VersionConflict`] if a transaction is writing it, [`Error::AccountDeleted`] if it is closed.
fn refused<R>(error: SdkError<UpdateItemError, R>) -> Result<Option<StoredCart>, Error>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            let item: Option<CartItem> = failed.item.clone().map(serde_dynamo::from_item).transpose()?;
            item.map(StoredCart::try_from).transpose()
        }
        Some(UpdateItemError::TransactionConflictException(_)) => Err(Error::VersionConflict),
        _ => Err(error.into()),
    }
}

/// True if another request has changed the cart, or a transaction is writing it.
fn is_conflict(error: &PutItemError) -> bool {
    error.is_conditional_check_failed_exception() || error.is_transaction_conflict_exception()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionConflictException;

    use super::*;

    #[test]
    fn a_concurrent_checkout_is_a_version_conflict() {
        let conflict = TransactionConflictException::builder().build();
        assert!(is_conflict(&PutItemError::TransactionConflictException(conflict)));
    }
}
