//! Refresh tokens: opaque, single-use, of families that end as one.
//!
//! Each sign-in starts a family. Using a token replaces it by a new one of the same family. A token that is used twice was
//! in two hands, and nobody can tell whose was first: the family ends, and its owner signs in again. That also hits a
//! client that lost the answer to its refresh and repeats it; it is the price of noticing theft.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long a refresh token is good for if it is not used.
pub const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(30);

/// A refresh token's text: made here, or presented by a client, who may present anything.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct RefreshToken(String);

impl RefreshToken {
    /// A token of 256 bits, which must be random.
    pub fn new(bits: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    /// The text, for its owner only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it: SHA-256 in hexadecimal. No salt and no stretching, since 256 bits cannot be guessed.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }
}

impl From<String> for RefreshToken {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

/// Names a family: one sign-in and all tokens that go back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyId(Uuid);

impl From<Uuid> for FamilyId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_by_its_hash_and_not_shown_by_debug() {
        let token = RefreshToken::new([7; 32]);
        let presented = RefreshToken::from(token.expose().to_owned());
        assert_eq!(presented.hash(), token.hash());
        assert_ne!(RefreshToken::new([8; 32]).hash(), token.hash());
        assert_eq!(format!("{token:?}"), "RefreshToken(..)");
    }
}
