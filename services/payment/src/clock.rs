//! The one place that reads the clock; everything else is told the time.

use chrono::{DateTime, SubsecRound, Utc};

/// The current time, to the millisecond: what stores and events keep.
#[expect(clippy::disallowed_methods, reason = "this is the place the rule points to")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
