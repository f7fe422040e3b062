//! Waits for a condition, with a limit.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// Polls until `probe` succeeds. After `limit`, returns its last error.
pub async fn until<T, F: Future<Output = Result<T>>>(limit: Duration, mut probe: impl FnMut() -> F) -> Result<T> {
    let began = Instant::now();
    loop {
        match probe().await {
            Ok(found) => return Ok(found),
            Err(error) if began.elapsed() > limit => {
                return Err(error).with_context(|| format!("not within {} s", limit.as_secs()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Waits until `url` responds with a 2xx status.
pub async fn answers(url: &str, limit: Duration) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let probe = async || Ok(http.get(url).send().await?.error_for_status().map(drop)?);
    until(limit, probe).await.with_context(|| format!("{url} does not respond"))
}

/// Waits until a function and a service respond through the public API.
pub async fn public_api(url: &str, limit: Duration) -> Result<()> {
    let (discovery, products) =
        (format!("{url}/.well-known/openid-configuration"), format!("{url}/v1/products?limit=1"));
    tokio::try_join!(answers(&discovery, limit), answers(&products, limit))?;
    Ok(())
}
