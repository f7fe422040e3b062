//! The time of day.

use chrono::{DateTime, Utc};

/// The current time. No other function of the tools reads the clock.
#[expect(clippy::disallowed_methods, reason = "the only read of the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
