//! Contact data, replicated from user's events.

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::{UserId, event::user::Contact};
use serde::{Deserialize, Serialize};

use super::{CONTACT, Store, user_key};
use crate::{Error, domain::contact::Recipient};

/// The item of an account. A tombstone has no `contact`, and never gets one again.
#[derive(Serialize, Deserialize)]
struct ContactItem {
    pk: String,
    sk: String,
    /// The account's version that the contact data are of. Absent in a tombstone.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Contact>,
}

impl Store {
    /// How to reach a user, as of now: the read is consistent, so that what was put before is seen.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub async fn recipient(&self, user_id: UserId) -> Result<Recipient, Error> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", AttributeValue::S(user_key(user_id))).key("sk", AttributeValue::S(CONTACT.to_owned()));
        let Some(item) = get.send().await.map_err(Error::store)?.item else {
            return Ok(Recipient::Unknown);
        };
        let item: ContactItem = serde_dynamo::from_item(item)?;
        Ok(item.contact.map_or(Recipient::Deleted, Recipient::Known))
    }

    /// Keeps the contact data of the account's version `version`, unless later ones or the account's end are known.
    ///
    /// # Errors
    /// Where the table cannot be written.
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
            // The transaction that keeps a waiting message holds the item for a moment.
            Err(aws_sdk_dynamodb::Error::TransactionConflictException(_)) => Err(Error::Claimed),
            Err(error) => Err(Error::store(error)),
        }
    }

    /// Puts the tombstone of a deleted account in the place of its contact data. It stays for ever, and holds nothing
    /// personal: an id that nobody can resolve any more.
    ///
    /// # Errors
    /// Where the table cannot be written.
    pub async fn erase_contact(&self, user_id: UserId) -> Result<(), Error> {
        let item = ContactItem { pk: user_key(user_id), sk: CONTACT.to_owned(), version: None, contact: None };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        match put.send().await.map_err(aws_sdk_dynamodb::Error::from) {
            Ok(_) => Ok(()),
            Err(aws_sdk_dynamodb::Error::TransactionConflictException(_)) => Err(Error::Claimed),
            Err(error) => Err(Error::store(error)),
        }
    }
}
