//! The keys of the token issuer: fetched in the background, so that this service starts while the issuer is down.

use std::time::Duration;

use contracts::{auth::Verifier, http::Tokens};
use reqwest::Client;
use tokio::{sync::watch, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How soon to try again while no keys are known: nobody can be served before.
const IMPATIENT: Duration = Duration::from_secs(1);
/// How often to look for new keys: well within the time for which an issuer publishes a key before it signs with it.
const PATIENT: Duration = Duration::from_secs(5 * 60);
const REQUEST_LIMIT: Duration = Duration::from_secs(3);

/// Follows the keys of `issuer` until `shutdown`. What it returns always has the latest verifier.
pub fn follow(issuer: String, tasks: &TaskTracker, shutdown: CancellationToken) -> Tokens {
    let (sender, tokens) = watch::channel(None);
    tasks.spawn(async move { shutdown.run_until_cancelled(keep_fetching(&issuer, &sender)).await });
    tokens
}

async fn keep_fetching(issuer: &str, verifier: &watch::Sender<Option<Verifier>>) {
    let client = Client::new();
    loop {
        match fetch(&client, issuer).await {
            Ok(fresh) => _ = verifier.send_replace(Some(fresh)),
            Err(error) => tracing::warn!(%error, "the token issuer's keys could not be fetched"),
        }
        let known = verifier.borrow().is_some();
        sleep(if known { PATIENT } else { IMPATIENT }).await;
    }
}

async fn fetch(client: &Client, issuer: &str) -> reqwest::Result<Verifier> {
    let url = format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
    let response = client.get(url).timeout(REQUEST_LIMIT).send().await?.error_for_status()?;
    Ok(Verifier::new(issuer, &response.json().await?))
}
