//! Sign-in backoff: guessing passwords gets slow.
//!
//! Attempts are counted per e-mail address, whether or not it has an account, before the password is looked at: a
//! hundred guesses at once are a hundred attempts. A sign-in that succeeds starts the count afresh.
//!
//! The price is that somebody can keep another's account from signing in, a quarter of an hour at a time; refresh
//! tokens, and so everybody who is signed in, are not affected.

use chrono::{DateTime, TimeDelta, Utc};

/// Attempts that need no waiting.
pub const FREE_ATTEMPTS: u32 = 5;
/// The wait after the last free attempt; it doubles with each one after.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(2);
/// The longest wait: about a hundred guesses a day.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(15);
/// After so much time without an attempt, the count starts afresh.
pub const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);

/// The attempts on one address since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last_at: DateTime<Utc>,
}

/// Admits an attempt at `now`, and says what the count is with it; or refuses it, and says how long to wait.
/// Refused attempts do not count: waiting helps.
pub fn admit(before: Option<Attempts>, now: DateTime<Utc>) -> Result<Attempts, TimeDelta> {
    let count = match before {
        Some(attempts) if now - attempts.last_at < FORGOTTEN_AFTER => {
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
    // 2 s doubled sixteen times is far above the longest wait, and far from an overflow.
    (FIRST_WAIT * (1 << doublings.min(16))).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn five_attempts_are_free_and_the_sixth_waits() {
        let mut attempts = None;
        for _ in 0..FREE_ATTEMPTS {
            attempts = Some(admit(attempts, start()).unwrap());
        }
        assert_eq!(admit(attempts, start()), Err(FIRST_WAIT));
        assert!(admit(attempts, start() + FIRST_WAIT).is_ok());
    }

    #[test]
    fn a_clock_that_runs_behind_does_not_shorten_the_wait() {
        let attempts = Attempts { count: FREE_ATTEMPTS, last_at: start() };
        assert!(admit(Some(attempts), start() - TimeDelta::seconds(3)).is_err());
    }

    proptest! {
        #[test]
        fn waits_never_shrink_and_never_exceed_the_longest(count in 0_u32..) {
            prop_assert!(wait_after(count) <= wait_after(count.saturating_add(1)));
            prop_assert!(wait_after(count) <= LONGEST_WAIT);
        }

        #[test]
        fn who_waits_as_told_is_admitted(count in 0_u32.., elapsed in 0_i64..100_000_000) {
            let now = start() + TimeDelta::milliseconds(elapsed);
            let before = Attempts { count, last_at: start() };
            if let Err(wait) = admit(Some(before), now) {
                prop_assert!(wait > TimeDelta::zero());
                prop_assert!(wait <= LONGEST_WAIT);
                prop_assert!(admit(Some(before), now + wait).is_ok());
                prop_assert!(admit(Some(before), now + wait - TimeDelta::milliseconds(1)).is_err());
            }
        }

        #[test]
        fn in_any_day_few_guesses_are_admitted(pauses in prop::collection::vec(0_i64..600_000, 1..2_000)) {
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
            // Five free ones, nine while the wait doubles, then four an hour.
            prop_assert!(admitted <= 5 + 9 + 96, "{} guesses", admitted);
        }

        #[test]
        fn a_day_of_silence_forgets(count in 0_u32..) {
            let before = Attempts { count, last_at: start() };
            prop_assert_eq!(admit(Some(before), start() + FORGOTTEN_AFTER).map(|attempts| attempts.count), Ok(1));
        }
    }
}
