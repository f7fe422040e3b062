//! What all requests share. It is connected once, while the function starts.

use std::{num::NonZero, thread};

use anyhow::Context;
use aws_config::SdkConfig;
use axum::extract::FromRef;
use contracts::http::Tokens;

use crate::{config::Config, passwords::Passwords, signing::SigningKey, store::Store, tokens::AccessTokens};

/// What a handler takes what it needs from.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The table.
    pub store: Store,
    /// The hashing of passwords.
    pub passwords: Passwords,
    /// The making of access tokens.
    pub tokens: AccessTokens,
    /// The checking of access tokens.
    pub verifier: Tokens,
}

impl AppState {
    /// Opens the connections to DynamoDB and KMS, both at once, so that no request waits for a TLS handshake; fails if one
    /// of them cannot be used.
    pub async fn connect(config: &Config, aws: &SdkConfig) -> anyhow::Result<Self> {
        let store = Store::new(aws_sdk_dynamodb::Client::new(aws), &config.user_table);
        let kms = aws_sdk_kms::Client::new(aws);
        let (warmed, key) = tokio::join!(store.warm_up(), SigningKey::load(kms, &config.token_signing_key_id));
        warmed.with_context(|| format!("the table `{}` cannot be read", config.user_table))?;
        let key = key.with_context(|| format!("the key `{}` cannot be used", config.token_signing_key_id))?;

        let tokens = AccessTokens::new(config.token_issuer.clone(), key);
        let verifier = tokens.verifier();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self { store, passwords: Passwords::new(cores), tokens, verifier })
    }
}

impl FromRef<AppState> for Tokens {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}
