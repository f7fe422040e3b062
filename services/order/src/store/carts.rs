//! Carts: one item per customer.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::{AttributeValue, Delete},
};
use chrono::{DateTime, Utc};
use contracts::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Item, Store, key};
use crate::{domain::Cart, error::Error};

/// A cart, with the revision that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredCart {
    pub(crate) cart: Cart,
    /// Random value of each write. A counter would start again after a checkout has deleted the cart, and a slow
    /// request could mistake the new cart for the one that it read.
    revision: Option<Uuid>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CartItem {
    pk: String,
    sk: String,
    revision: Uuid,
    updated_at: DateTime<Utc>,
    lines: Cart,
}

impl Store {
    /// Returns the cart of `user`; an empty one if there is none.
    pub(crate) async fn cart(&self, user: UserId) -> Result<StoredCart, Error> {
        let item: Option<CartItem> = self.get(cart_key(user)).await?;
        Ok(match item {
            Some(item) => StoredCart { cart: item.lines, revision: Some(item.revision) },
            None => StoredCart { cart: Cart::default(), revision: None },
        })
    }

    /// Replaces `read` by `cart`. [`Error::VersionConflict`] if the cart has changed since it was read.
    pub(crate) async fn save_cart(
        &self,
        user: UserId,
        read: &StoredCart,
        cart: Cart,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let item = CartItem { pk: pk(user), sk: SK.to_owned(), revision: Uuid::new_v4(), updated_at: now, lines: cart };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        let put = match read.revision {
            Some(revision) => put
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", AttributeValue::S(revision.to_string())),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        match put.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if is_put_conflict(error.err()) => Err(Error::VersionConflict),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the cart of `user`, whatever it contains. [`Error::VersionConflict`] if a checkout is deleting it.
    pub(crate) async fn remove_cart(&self, user: UserId) -> Result<(), Error> {
        match self.client.delete_item().table_name(&self.table).set_key(Some(cart_key(user))).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if is_delete_conflict(error.err()) => Err(Error::VersionConflict),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the cart as part of a transaction, which fails if the cart has changed since it was read.
    pub(super) fn delete_cart(&self, user: UserId, read: &StoredCart) -> Result<Delete, Error> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(cart_key(user)));
        let delete = match read.revision {
            Some(revision) => delete
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", AttributeValue::S(revision.to_string())),
            None => delete.condition_expression("attribute_not_exists(pk)"),
        };
        Ok(delete.build()?)
    }
}

const SK: &str = "CART";

fn pk(user: UserId) -> String {
    format!("USER#{user}")
}

fn cart_key(user: UserId) -> Item {
    key(pk(user), SK.to_owned())
}

/// True if another request has changed the cart, or a checkout is deleting it.
fn is_put_conflict(error: &PutItemError) -> bool {
    error.is_conditional_check_failed_exception() || error.is_transaction_conflict_exception()
}

fn is_delete_conflict(error: &DeleteItemError) -> bool {
    error.is_transaction_conflict_exception()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionConflictException;

    use super::*;

    #[test]
    fn a_concurrent_checkout_is_a_version_conflict() {
        let conflict = || TransactionConflictException::builder().build();
        assert!(is_delete_conflict(&DeleteItemError::TransactionConflictException(conflict())));
        assert!(is_put_conflict(&PutItemError::TransactionConflictException(conflict())));
    }
}
