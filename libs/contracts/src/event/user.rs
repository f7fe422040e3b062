//! Published by user, on `user-events`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UserId;

/// Payload of `shop.user.registered.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRegistered {
    /// The new account.
    pub user_id: UserId,
    /// Where and how to reach its owner.
    pub contact: Contact,
}

/// Payload of `shop.user.registration_repeated.v1`. The envelope's sequence is the account's, unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserRegistrationRepeated {
    /// The account that exists.
    pub user_id: UserId,
}

/// Payload of `shop.user.updated.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserUpdated {
    /// The account.
    pub user_id: UserId,
    /// The contact data from now on.
    pub contact: Contact,
}

/// Payload of `shop.user.deleted.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserDeleted {
    /// The account that is gone.
    pub user_id: UserId,
}

/// What a message to a customer needs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// E-mail address.
    pub email: String,
    /// The name to greet by.
    pub name: String,
    /// BCP 47 language tag, such as `en` or `de-AT`.
    pub locale: String,
}

impl std::fmt::Debug for Contact {
    /// Personal data stay out of logs, also where a whole event is logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(..)")
    }
}
