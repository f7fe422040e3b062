//! Access tokens: claims and lifetime. The key that signs them is in [`signing`](crate::signing).

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    auth::{AUDIENCE, Claims, Verifier},
    http::Tokens,
};
use jsonwebtoken::jwk::JwkSet;
use uuid::Uuid;

use crate::{
    config::Issuer,
    domain::Account,
    signing::{SigningError, SigningKey},
};

/// Lifetime of an access token. It is short because access tokens cannot be revoked: revocations, deletions and new
/// scopes are in effect everywhere after this time.
pub(crate) const ACCESS_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// Issues access tokens.
#[derive(Debug, Clone)]
pub struct AccessTokens {
    issuer: Issuer,
    key: SigningKey,
}

impl AccessTokens {
    pub(crate) fn new(issuer: Issuer, key: SigningKey) -> Self {
        Self { issuer, key }
    }

    /// Issues a token for an account, with its current scopes.
    pub(crate) async fn issue(&self, account: &Account, now: DateTime<Utc>) -> Result<String, SigningError> {
        let claims = Claims {
            iss: self.issuer.as_str().to_owned(),
            sub: account.id,
            aud: AUDIENCE.to_owned(),
            exp: (now + ACCESS_LIFETIME).timestamp(),
            iat: now.timestamp(),
            jti: Uuid::now_v7().simple().to_string(),
            scope: account.scope_text(),
        };
        self.key.sign(&claims).await
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the JWKS document.
    pub fn jwks(&self) -> JwkSet {
        self.key.jwks()
    }

    /// Returns the verifier of incoming tokens: the one that every service uses, with the same keys.
    pub(crate) fn verifier(&self) -> Tokens {
        Tokens::fixed(Verifier::new(self.issuer.as_str(), &self.jwks()))
    }
}
