//! Sign-in backoff: slows down password guessing.
//!
//! Attempts are counted per e-mail address, whether or not it has an account, and before the password is verified: a
//! hundred concurrent guesses are a hundred attempts. A successful sign-in resets the count.
//!
//! The price: an attacker can block sign-ins to an account for 15 minutes at a time. Refresh tokens are not affected,
//! so existing sign-ins continue.

use chrono::{DateTime, TimeDelta, Utc};

/// Number of attempts without a wait.
pub const FREE_ATTEMPTS: u32 = 5;
/// Wait after the last free attempt. Doubles with each further attempt.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(2);
/// Maximum wait: allows about a hundred guesses a day.
const MAX_WAIT: TimeDelta = TimeDelta::minutes(15);
/// Time without an attempt after which the count is reset.
pub const RESET_AFTER: TimeDelta = TimeDelta::hours(24);

/// Sign-in attempts with one address since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// Number of attempts.
    pub count: u32,
    /// Time of the last attempt.
    pub last_at: DateTime<Utc>,
}

/// Admits an attempt at `now` and returns the new count, or rejects it and returns the time to wait. Rejected attempts
/// are not counted.
pub fn admit(before: Option<Attempts>, now: DateTime<Utc>) -> Result<Attempts, TimeDelta> {
    let count = match before {
        Some(attempts) if now - attempts.last_at < RESET_AFTER => {
            let left = attempts.last_at + wait_after(attempts.count) - now;
            if left > TimeDelta::zero() {
                return Err(left);
            }
            attempts.count
        }
        Some(_) | None => 0,
    };
    Ok(Attempts { count: count.saturating_add(1), last_at: now })
}

fn wait_after(attempts: u32) -> TimeDelta {
    let Some(doublings) = attempts.checked_sub(FREE_ATTEMPTS) else { return TimeDelta::zero() };
    // 2 s doubled 16 times exceeds the maximum wait and does not overflow.
    (FIRST_WAIT * (1 << doublings.min(16))).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn five_attempts_are_free_and_the_sixth_has_to_wait() {
        let mut attempts = None;
        for _ in 0..FREE_ATTEMPTS {
            attempts = Some(admit(attempts, start()).unwrap());
        }
        assert_eq!(admit(attempts, start()), Err(FIRST_WAIT));
        assert!(admit(attempts, start() + FIRST_WAIT).is_ok());
    }

    #[test]
    fn a_slow_clock_does_not_shorten_the_wait() {
        let attempts = Attempts { count: FREE_ATTEMPTS, last_at: start() };
        assert!(admit(Some(attempts), start() - TimeDelta::seconds(3)).is_err());
    }

    proptest! {
        #[test]
        fn waits_never_decrease_and_never_exceed_the_maximum(count in 0_u32..) {
            prop_assert!(wait_after(count) <= wait_after(count.saturating_add(1)));
            prop_assert!(wait_after(count) <= MAX_WAIT);
        }

        #[test]
        fn an_attempt_is_admitted_exactly_after_the_wait(count in 0_u32.., elapsed in 0_i64..100_000_000) {
            let now = start() + TimeDelta::milliseconds(elapsed);
            let before = Attempts { count, last_at: start() };
            if let Err(wait) = admit(Some(before), now) {
                prop_assert!(wait > TimeDelta::zero());
                prop_assert!(wait <= MAX_WAIT);
                prop_assert!(admit(Some(before), now + wait).is_ok());
                prop_assert!(admit(Some(before), now + wait - TimeDelta::milliseconds(1)).is_err());
            }
        }

        #[test]
        fn the_number_of_guesses_in_a_day_is_limited(pauses in prop::collection::vec(0_i64..600_000, 1..2_000)) {
            let (mut attempts, mut now, mut admitted) = (None, start(), 0);
            for pause in pauses {
                now += TimeDelta::milliseconds(pause);
                if now - start() >= TimeDelta::days(1) {
                    break;
                }
                if let Ok(next) = admit(attempts, now) {
                    attempts = Some(next);
                    admitted += 1;
                }
            }
            // 5 free ones, 9 while the wait doubles, then 4 an hour.
            prop_assert!(admitted <= 5 + 9 + 96, "{} guesses", admitted);
        }

        #[test]
        fn a_day_without_attempts_resets_the_count(count in 0_u32..) {
            let before = Attempts { count, last_at: start() };
            prop_assert_eq!(admit(Some(before), start() + RESET_AFTER).map(|attempts| attempts.count), Ok(1));
        }
    }
}
