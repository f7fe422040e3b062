//! Waiting for a condition, with a limit.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Tries again until `probe` succeeds. When `limit` has passed, its last error is the error.
pub async fn until<T>(limit: Duration, mut probe: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match probe().await {
            Ok(found) => return Ok(found),
            Err(error) if began.elapsed() > limit => {
                return Err(error).with_context(|| format!("still so after {} s", limit.as_secs()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Waits until `url` answers with a 2xx status.
pub async fn answers(url: &str, limit: Duration) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let probe = async || Ok(http.get(url).send().await?.error_for_status().map(drop)?);
    until(limit, probe).await.with_context(|| format!("{url} does not answer"))
}

/// Waits until the public API leads to functions and to services.
pub async fn public_api(url: &str, limit: Duration) -> Result<()> {
    let (discovery, products) =
        (format!("{url}/.well-known/openid-configuration"), format!("{url}/v1/products?limit=1"));
    tokio::try_join!(answers(&discovery, limit), answers(&products, limit))?;
    Ok(())
}
