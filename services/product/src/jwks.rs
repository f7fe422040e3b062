//! The token issuer's keys, read in the background: this service starts while the issuer is down.

use std::time::Duration;

use contracts::{auth::Verifier, http::TokenKeys};
use reqwest::{Client, Url};
use tokio::time::sleep;

/// Time to the next attempt while no key is known: until then, requests with a token get 503.
const RETRY: Duration = Duration::from_secs(1);
/// Time to the next read once keys are known: shorter than an issuer publishes a key before it signs with it.
const REFRESH: Duration = Duration::from_secs(5 * 60);
const REQUEST_LIMIT: Duration = Duration::from_secs(3);

/// Keeps the keys of `issuer` current. Reads them at once when a token has an unknown key.
pub async fn follow(issuer: Url, keys: TokenKeys) {
    let issuer = issuer.as_str().trim_end_matches('/');
    let client = Client::new();
    loop {
        let read = read(&client, issuer).await.inspect_err(|error| {
            tracing::warn!(error = contracts::error::chain(error), "could not read the token issuer's keys");
        });
        let pause = if keys.publish(read.ok()) { REFRESH } else { RETRY };
        tokio::select! { () = sleep(pause) => {} () = keys.wanted() => {} }
    }
}

async fn read(client: &Client, issuer: &str) -> reqwest::Result<Verifier> {
    let url = format!("{issuer}/.well-known/jwks.json");
    let response = client.get(url).timeout(REQUEST_LIMIT).send().await?.error_for_status()?;
    Ok(Verifier::new(issuer, &response.json().await?))
}
