//! State shared by all handlers, connected once at function start.

use std::{num::NonZero, thread};

use anyhow::Context;
use aws_config::SdkConfig;
use axum::extract::FromRef;
use contracts::http::Tokens;

use crate::{config::Config, passwords::Passwords, signing::SigningKey, store::Store, tokens::AccessTokens};

/// State that every handler gets.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The service's table.
    pub store: Store,
    /// Issuer of access tokens.
    pub tokens: AccessTokens,
    pub(crate) passwords: Passwords,
    pub(crate) verifier: Tokens,
}

impl AppState {
    /// Connects to DynamoDB and KMS concurrently, so that no request waits for a TLS handshake. Fails if the table or
    /// the key cannot be used.
    pub async fn connect(config: &Config, aws: &SdkConfig) -> anyhow::Result<Self> {
        let store = Store::new(aws_sdk_dynamodb::Client::new(aws), &config.user_table);
        let kms = aws_sdk_kms::Client::new(aws);
        let (warmed_up, key) = tokio::join!(store.warm_up(), SigningKey::load(kms, &config.token_signing_key_id));
        warmed_up.with_context(|| format!("cannot read the table `{}`", config.user_table))?;
        let key = key.with_context(|| format!("cannot use the key `{}`", config.token_signing_key_id))?;

        let tokens = AccessTokens::new(config.token_issuer.clone(), key);
        let verifier = tokens.verifier();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self { store, tokens, passwords: Passwords::new(cores), verifier })
    }
}

impl FromRef<AppState> for Tokens {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}
