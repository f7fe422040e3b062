//! The token issuer's keys, fetched in the background: this service starts while the issuer is down.

use std::time::Duration;

use contracts::{auth::Verifier, http::Tokens};
use reqwest::{Client, Url};
use tokio::{sync::watch, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Time to the next attempt while no key is known: until then, requests with a token get 503.
const RETRY: Duration = Duration::from_secs(1);
/// Time to the next fetch once keys are known: shorter than an issuer publishes a key before it signs with it.
const REFRESH: Duration = Duration::from_secs(5 * 60);
const REQUEST_LIMIT: Duration = Duration::from_secs(3);

/// Follows the keys of `issuer` until `shutdown`. The returned channel always holds the latest verifier.
pub fn follow(issuer: &Url, tasks: &TaskTracker, shutdown: CancellationToken) -> Tokens {
    let issuer = issuer.as_str().trim_end_matches('/').to_owned();
    let (sender, tokens) = watch::channel(None);
    tasks.spawn(async move { shutdown.run_until_cancelled(keep_fetching(&issuer, &sender)).await });
    tokens
}

async fn keep_fetching(issuer: &str, verifier: &watch::Sender<Option<Verifier>>) {
    let client = Client::new();
    loop {
        match fetch(&client, issuer).await {
            Ok(fresh) => _ = verifier.send_replace(Some(fresh)),
            Err(error) => {
                tracing::warn!(error = contracts::error::chain(&error), "could not fetch the token issuer's keys");
            }
        }
        let pause = if verifier.borrow().is_some() { REFRESH } else { RETRY };
        sleep(pause).await;
    }
}

async fn fetch(client: &Client, issuer: &str) -> reqwest::Result<Verifier> {
    let url = format!("{issuer}/.well-known/jwks.json");
    let response = client.get(url).timeout(REQUEST_LIMIT).send().await?.error_for_status()?;
    Ok(Verifier::new(issuer, &response.json().await?))
}
