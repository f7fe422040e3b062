//! The only place that reads the clock.

use chrono::{DateTime, SubsecRound, Utc};

/// Current time, truncated to milliseconds.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
