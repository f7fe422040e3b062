//! The only place that reads the clock.

use chrono::{DateTime, SubsecRound, Utc};

/// The time, to the millisecond.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
