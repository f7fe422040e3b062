//! Access tokens: their claims, and their verification by services that did not sign them.
//!
//! API Gateway verifies every token at the public API. Services verify again, strictly: a request may have reached them
//! another way.

use std::{collections::HashMap, fmt, str::FromStr};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UserId;

/// Audience of every access token of the shop's API.
pub const AUDIENCE: &str = "shop-api";

/// Permission of an access token. Scopes do not imply each other: a token lists every scope that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Permits access to the caller's own cart, orders and account.
    Customer,
    /// Permits access to all orders and to stock.
    Staff,
    /// Permits access to accounts and to the catalogue.
    Admin,
}

impl Scope {
    /// Returns the scope's name in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Customer, Self::Staff, Self::Admin].into_iter().find(|scope| scope.as_str() == text).ok_or(())
    }
}

/// Claims of an access token: the subset of RFC 9068 that is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: the base URL of the discovery document.
    pub iss: String,
    /// Subject: the account that the token was issued to.
    pub sub: UserId,
    /// Audience: always [`AUDIENCE`].
    pub aud: String,
    /// Expiry, as Unix time in seconds.
    pub exp: i64,
    /// Time of issue, as Unix time in seconds.
    pub iat: i64,
    /// Unique id of the token.
    pub jti: String,
    /// Scopes, separated by spaces. Unknown scopes are ignored, so that a new scope does not break older services.
    pub scope: String,
}

impl Claims {
    /// Returns true if the token has `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scope.split(' ').any(|word| word == scope.as_str())
    }
}

/// The token is not accepted. The reason is for logs, not for the bearer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// The token names no key, or one that the issuer does not publish.
    #[error("the token's signing key is unknown")]
    UnknownKey,
    /// Form, algorithm, signature, issuer, audience or lifetime is wrong.
    #[error(transparent)]
    Refused(#[from] jsonwebtoken::errors::Error),
}

/// Verifies access tokens with given keys. Fetching the keys is left to the service.
#[derive(Clone)]
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl Verifier {
    /// Creates a verifier for tokens of `issuer`, with the keys of its JWKS document. Skips keys that have no id or are
    /// not RSA keys.
    pub fn new(issuer: &str, keys: &JwkSet) -> Self {
        let keys =
            keys.keys.iter().filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?)));
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self { keys: keys.collect(), validation }
    }

    /// Returns the claims of a token, if a known key signed it for this audience and it has not expired.
    pub fn verify(&self, token: &str) -> Result<Claims, InvalidToken> {
        let header = jsonwebtoken::decode_header(token)?;
        let key = header.kid.and_then(|kid| self.keys.get(&kid)).ok_or(InvalidToken::UnknownKey)?;
        Ok(jsonwebtoken::decode::<Claims>(token, key, &self.validation)?.claims)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
