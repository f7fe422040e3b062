//! Retries of optimistic writes.

use crate::Error;

/// Runs `attempt` until it returns a value, at most `attempts` times. `attempt` returns `None` on a version conflict,
/// and reads the current state again when it is repeated.
pub(super) async fn retry_conflicts<T, F>(attempts: u32, mut attempt: impl FnMut() -> F) -> Result<Option<T>, Error>
where
    F: Future<Output = Result<Option<T>, Error>>,
{
    for _ in 0..attempts {
        if let Some(value) = attempt().await? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}
