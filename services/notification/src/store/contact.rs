//! Contact data, a read model of user's events.

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::{UserId, event::user::Contact};
use serde::{Deserialize, Serialize};

use super::{CONTACT, Store, user_key};
use crate::{Error, domain::contact::Recipient};

/// `USER#<user id>` / `CONTACT`. Without `version` and `contact` it is a tombstone, which is never replaced.
#[derive(Serialize, Deserialize)]
pub(super) struct ContactItem {
    pk: String,
    sk: String,
    /// Version of the account that the contact data belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contact: Option<Contact>,
}

impl From<ContactItem> for Recipient {
    fn from(item: ContactItem) -> Self {
        item.contact.map_or(Self::Deleted, Self::Known)
    }
}

impl Store {
    /// Returns the recipient for a user. A consistent read, so that an earlier write is visible.
    pub async fn recipient(&self, user_id: UserId) -> Result<Recipient, Error> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", AttributeValue::S(user_key(user_id))).key("sk", AttributeValue::S(CONTACT.to_owned()));
        let Some(item) = get.send().await.map_err(Error::store)?.item else {
            return Ok(Recipient::Unknown);
        };
        Ok(serde_dynamo::from_item::<_, ContactItem>(item)?.into())
    }

    /// Stores the contact data of the account's version `version`, unless newer data or a tombstone exist.
    pub async fn put_contact(&self, user_id: UserId, version: u64, contact: &Contact) -> Result<(), Error> {
        let item = ContactItem {
            pk: user_key(user_id),
            sk: CONTACT.to_owned(),
            version: Some(version),
            contact: Some(contact.clone()),
        };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            // A tombstone has no version, so the comparison fails.
            .condition_expression("attribute_not_exists(pk) OR version < :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        match put.send().await.map_err(aws_sdk_dynamodb::Error::from) {
            Ok(_) | Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_)) => Ok(()),
            // A transaction that defers an event is in progress.
            Err(aws_sdk_dynamodb::Error::TransactionConflictException(_)) => Err(Error::Conflict),
            Err(error) => Err(Error::store(error)),
        }
    }

    /// Replaces the contact data of a deleted account by a tombstone. It is permanent and holds no personal data, only
    /// the id of an account that no longer exists.
    pub async fn erase_contact(&self, user_id: UserId) -> Result<(), Error> {
        let item = ContactItem { pk: user_key(user_id), sk: CONTACT.to_owned(), version: None, contact: None };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        match put.send().await.map_err(aws_sdk_dynamodb::Error::from) {
            Ok(_) => Ok(()),
            Err(aws_sdk_dynamodb::Error::TransactionConflictException(_)) => Err(Error::Conflict),
            Err(error) => Err(Error::store(error)),
        }
    }
}
