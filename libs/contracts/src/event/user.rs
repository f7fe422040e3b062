//! Events that user publishes on `user-events`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UserId;

/// Payload of `shop.user.registered.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRegistered {
    /// Id of the new account.
    pub user_id: UserId,
    /// Contact data of the owner.
    pub contact: Contact,
}

/// Payload of `shop.user.registration_repeated.v1`. The envelope's sequence is the account's, unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRegistrationRepeated {
    /// Id of the existing account.
    pub user_id: UserId,
}

/// Payload of `shop.user.updated.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserUpdated {
    /// Id of the account.
    pub user_id: UserId,
    /// Contact data after the change.
    pub contact: Contact,
}

/// Payload of `shop.user.deleted.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserDeleted {
    /// Id of the deleted account.
    pub user_id: UserId,
}

/// Contact data of a customer: address, name and language for messages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// E-mail address.
    pub email: String,
    /// Name for the salutation.
    pub name: String,
    /// Language of messages: a BCP 47 tag, such as `en` or `de-AT`.
    pub locale: String,
}

impl std::fmt::Debug for Contact {
    /// Hides personal data from logs, also when a whole event is logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(..)")
    }
}
