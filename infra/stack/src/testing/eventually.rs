use std::time::Duration;

use tokio::time::Instant;

/// Polls until `probe` returns a value. Tests wait by this function only, never by a fixed sleep.
///
/// Panics with `what` when `limit` has passed.
pub async fn eventually<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        if Instant::now() > deadline {
            panic!("not within {limit:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
