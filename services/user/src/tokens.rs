//! Access tokens: what is written into them. What signs them is in [`signing`](crate::signing).

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    auth::{AUDIENCE, Claims, Verifier},
    http::Tokens,
};
use jsonwebtoken::jwk::JwkSet;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    config::Issuer,
    domain::Account,
    signing::{SigningFailed, SigningKey},
};

/// How long an access token is good for. It cannot be taken back, so it is short: what is revoked, deleted or granted
/// is so everywhere after this time.
pub const ACCESS_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// Makes access tokens in the name of one issuer.
#[derive(Debug, Clone)]
pub struct AccessTokens {
    issuer: Issuer,
    key: SigningKey,
}

impl AccessTokens {
    /// For this issuer, with this key.
    pub fn new(issuer: Issuer, key: SigningKey) -> Self {
        Self { issuer, key }
    }

    /// A token for an account, with the scopes it has now.
    pub async fn issue(&self, account: &Account, now: DateTime<Utc>) -> Result<String, SigningFailed> {
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

    /// In whose name tokens are made.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The JWKS document.
    pub fn jwks(&self) -> JwkSet {
        self.key.jwks()
    }

    /// What this service checks its own customers' tokens with: the same verifier as any other service, of the same keys.
    pub fn verifier(&self) -> Tokens {
        watch::channel(Some(Verifier::new(self.issuer.as_str(), &self.jwks()))).1
    }
}
