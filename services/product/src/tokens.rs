//! Follows the keys of the token issuer.

use std::time::Duration;

use contracts::{auth::Verifier, http::Tokens};
use reqwest::Url;
use tokio::{sync::watch, time::sleep};

/// How long until a failed look is repeated.
const RETRY: Duration = Duration::from_secs(1);
/// How long keys are used before they are looked at again.
const REFRESH: Duration = Duration::from_secs(300);

/// Reads the issuer's keys, again and again, for as long as anybody holds the result. Public routes need not wait for it.
pub fn follow(issuer: &Url) -> Tokens {
    let issuer = issuer.as_str().trim_end_matches('/').to_owned();
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        let work = async {
            loop {
                let pause = match read(&issuer).await {
                    Ok(verifier) => {
                        sender.send_replace(Some(verifier));
                        REFRESH
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the token issuer's keys could not be read");
                        if sender.borrow().is_some() { REFRESH } else { RETRY }
                    }
                };
                sleep(pause).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = sender.closed() => {}
        }
    });
    receiver
}

async fn read(issuer: &str) -> Result<Verifier, reqwest::Error> {
    let client =
        reqwest::Client::builder().connect_timeout(Duration::from_secs(1)).timeout(Duration::from_secs(3)).build()?;
    let keys = client.get(format!("{issuer}/.well-known/jwks.json")).send().await?.error_for_status()?.json().await?;
    Ok(Verifier::new(issuer, &keys))
}
