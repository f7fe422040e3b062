//! Access tokens: what is in them, and how a service that did not sign them checks them.
//!
//! API Gateway checks every token at the front door. Services check again, strictly: a request that reached them
//! another way must not be believed.

use std::{collections::HashMap, fmt, str::FromStr};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UserId;

/// The audience of every access token of the shop's API.
pub const AUDIENCE: &str = "shop-api";

/// What an access token allows. Scopes do not imply each other: a token lists all that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Act on one's own cart, orders and account.
    Customer,
    /// Act on everybody's orders and on stock.
    Staff,
    /// Act on accounts and on the catalogue.
    Admin,
}

impl Scope {
    /// The scope as it stands in a token.
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

/// The claims of an access token (RFC 9068, as far as it is used).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: the URL that the discovery document hangs below.
    pub iss: String,
    /// Whose token it is.
    pub sub: UserId,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// Unix seconds after which it is no longer valid.
    pub exp: i64,
    /// Unix seconds of its making.
    pub iat: i64,
    /// Names this token.
    pub jti: String,
    /// Scopes, separated by spaces. Unknown ones are ignored, so that a new scope does not break old services.
    pub scope: String,
}

impl Claims {
    /// True if the token has `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scope.split(' ').any(|word| word == scope.as_str())
    }
}

/// The token is not one that is believed. What is wrong with it is for the log, not for its bearer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It names no key, or one that the issuer does not publish.
    #[error("the token's key is not known")]
    UnknownKey,
    /// Its form, algorithm, signature, issuer, audience or lifetime is wrong.
    #[error(transparent)]
    Refused(#[from] jsonwebtoken::errors::Error),
}

/// Checks access tokens with the keys it is given. Where they come from is the service's business.
#[derive(Clone)]
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl Verifier {
    /// A verifier for tokens of `issuer`, with the keys of its JWKS document. Keys without an id, or that are not RSA, are left out.
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

    /// The claims of a token that was signed by a known key, for this audience, and has not expired.
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
