//! The time of day.

use chrono::{DateTime, Utc};

/// Now. The only place that asks the clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
