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

/// A cart, and which writing of it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCart {
    /// What is in it.
    pub cart: Cart,
    /// A value of its own for every write. A counter would begin again after a checkout has taken the cart away, and a
    /// slow request could take the new cart for the one that it had read.
    revision: Option<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct CartItem {
    pk: String,
    sk: String,
    revision: Uuid,
    updated_at: DateTime<Utc>,
    lines: Cart,
}

impl Store {
    /// The cart of `user`; an empty one where there is none.
    pub async fn cart(&self, user: UserId) -> Result<StoredCart, Error> {
        let item: Option<CartItem> = self.get(cart_key(user)).await?;
        Ok(match item {
            Some(item) => StoredCart { cart: item.lines, revision: Some(item.revision) },
            None => StoredCart { cart: Cart::default(), revision: None },
        })
    }

    /// Puts `cart` in the place of `read`. [`Error::VersionConflict`] if somebody else has changed it since.
    pub async fn save_cart(
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
            Err(SdkError::ServiceError(error)) if is_conflict(error.err()) => Err(Error::VersionConflict),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the cart of `user` away, whatever is in it. [`Error::VersionConflict`] if a checkout is doing so at this moment.
    pub async fn remove_cart(&self, user: UserId) -> Result<(), Error> {
        match self.client.delete_item().table_name(&self.table).set_key(Some(cart_key(user))).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if is_being_taken(error.err()) => Err(Error::VersionConflict),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the cart away as part of a transaction, which fails if somebody else has changed it since it was read.
    pub(super) fn removal_of(&self, user: UserId, read: &StoredCart) -> Result<Delete, Error> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(cart_key(user)));
        let delete = match read.revision {
            Some(revision) => delete
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", AttributeValue::S(revision.to_string())),
            None => delete.condition_expression("attribute_not_exists(pk)"),
        };
        delete.build().map_err(|error| Error::Store(error.into()))
    }
}

const SK: &str = "CART";

fn pk(user: UserId) -> String {
    format!("USER#{user}")
}

fn cart_key(user: UserId) -> Item {
    key(pk(user), SK.to_owned())
}

fn is_conflict(error: &PutItemError) -> bool {
    // The second: a checkout is taking it away at this moment.
    error.is_conditional_check_failed_exception() || error.is_transaction_conflict_exception()
}

fn is_being_taken(error: &DeleteItemError) -> bool {
    error.is_transaction_conflict_exception()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionConflictException;

    use super::*;

    #[test]
    fn a_cart_that_a_checkout_is_taking_away_is_no_fault_of_ours() {
        let conflict = || TransactionConflictException::builder().build();
        assert!(is_being_taken(&DeleteItemError::TransactionConflictException(conflict())));
        assert!(is_conflict(&PutItemError::TransactionConflictException(conflict())));
    }
}
