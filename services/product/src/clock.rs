//! The only place that reads the clock.

use chrono::{DateTime, SubsecRound, Utc};

/// This moment, to the millisecond: what every store and every JSON text keeps exactly.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
