//! Durations that are not settings.

use std::time::Duration;

/// Durations that only tests change.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Age after which the key is read again. A function instance rarely lives longer.
    pub key_max_age: Duration,
    /// Minimum time between two reads of the key, also while the processor refuses it.
    pub key_min_pause: Duration,
    /// Minimum time between two attempts to read a key while there is none. Messages that come in between fail at once.
    pub key_retry_pause: Duration,
    /// Time for which the circuit breaker stays open before it lets one call through.
    pub breaker_open: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            key_max_age: Duration::from_secs(60 * 60),
            key_min_pause: Duration::from_secs(60),
            key_retry_pause: Duration::from_secs(5),
            breaker_open: Duration::from_secs(10),
        }
    }
}
