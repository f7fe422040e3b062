//! The one place that reads the clock.

use chrono::{DateTime, SubsecRound, Utc};

/// This moment, in whole milliseconds: what stores and events keep, so that a time survives its way through them.
#[expect(clippy::disallowed_methods, reason = "time comes in from here")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
