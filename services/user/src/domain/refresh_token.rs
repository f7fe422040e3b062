//! Refresh tokens: opaque, single-use, grouped in families that are revoked as a whole.
//!
//! Each sign-in starts a family. Using a token replaces it with a new one of the same family. A token that is used
//! twice may have been stolen, and the legitimate client cannot be identified: the family is revoked, and the owner has
//! to sign in again. This also affects a client that lost the response to a refresh and retries it: the price of
//! detecting theft.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Lifetime of an unused refresh token.
pub const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(30);

/// Text of a refresh token: issued here, or an arbitrary text from a client.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct RefreshToken(String);

impl RefreshToken {
    /// Creates a token from 256 random bits.
    pub fn new(bits: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    /// Returns the text, for the token's owner only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the stored form: SHA-256 in hexadecimal. 256 random bits need neither salt nor key stretching.
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

/// Id of a family: one sign-in and all its refresh tokens.
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
    fn a_token_is_identified_by_its_hash_and_hidden_from_debug() {
        let token = RefreshToken::new([7; 32]);
        let presented = RefreshToken::from(token.expose().to_owned());
        assert_eq!(presented.hash(), token.hash());
        assert_ne!(RefreshToken::new([8; 32]).hash(), token.hash());
        assert_eq!(format!("{token:?}"), "RefreshToken(..)");
    }
}
