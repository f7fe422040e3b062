//! The only place that reads the clock.

use chrono::{DateTime, SubsecRound, Utc};

/// The current time, in whole milliseconds: the precision that every store and every JSON text keeps.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
