use std::time::{Duration, SystemTime};

use anyhow::Context;
use axum::{Json, Router, routing::get};
use contracts::{
    UserId,
    auth::{AUDIENCE, Claims, Scope},
};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use serde_json::json;
use tokio::net::TcpListener;

use super::start;

const KEY_ID: &str = "test-key";

/// Number of bytes before the PKCS #1 key in the PKCS #8 encoding of a 2048 bit key (RFC 5208). jsonwebtoken expects
/// PKCS #1.
const PKCS8_HEADER: usize = 26;

/// An issuer of valid access tokens, in place of user.
pub struct TokenIssuer {
    url: String,
    key: EncodingKey,
}

/// Starts an issuer with a new key: an HTTP server on a free port with its discovery document and its public key.
pub async fn token_issuer() -> TokenIssuer {
    start("a token issuer", async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let key = tokio::task::spawn_blocking(new_key).await??;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        public.common.key_id = Some(KEY_ID.to_owned());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let keys = JwkSet { keys: vec![public] };
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/.well-known/jwks.json") });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(discovery)))
            .route("/.well-known/jwks.json", get(async move || Json(keys)));
        tokio::spawn(async { axum::serve(listener, router).await });
        Ok(TokenIssuer { url, key })
    })
    .await
}

fn new_key() -> anyhow::Result<EncodingKey> {
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der},
        rsa::{KeyPair, KeySize},
    };
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&key)?;
    let pkcs1 = pkcs8.as_ref().get(PKCS8_HEADER..).context("the key is too short")?;
    Ok(EncodingKey::from_rsa_der(pkcs1))
}

impl TokenIssuer {
    /// The value of `TOKEN_ISSUER`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// An access token that is valid for ten minutes.
    pub fn token(&self, user: UserId, scopes: &[Scope]) -> String {
        self.sign(&self.claims(user, scopes, 600))
    }

    /// An access token that expired a minute ago.
    pub fn expired_token(&self, user: UserId, scopes: &[Scope]) -> String {
        self.sign(&self.claims(user, scopes, -60))
    }

    /// Claims of a token that expires in `seconds`, for [`Self::sign`].
    pub fn claims(&self, user: UserId, scopes: &[Scope], seconds: i64) -> Claims {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).as_ref().map_or(0, Duration::as_secs);
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        Claims {
            iss: self.url.clone(),
            sub: user,
            aud: AUDIENCE.to_owned(),
            exp: now + seconds,
            iat: now + seconds - 600,
            jti: uuid::Uuid::new_v4().to_string(),
            scope: scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        }
    }

    /// The token with these claims, valid or not.
    pub fn sign(&self, claims: &Claims) -> String {
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.key).expect("an RSA key signs")
    }
}
