//! Idempotency keys with Stripe's behaviour: the first result is kept, whatever it was, and repeated for a day.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::{Answer, ApiError};

const LIFETIME: TimeDelta = TimeDelta::hours(24);
const MAX_LENGTH: usize = 255;

/// What makes two requests the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The path that was posted to.
    pub path: String,
    /// SHA-256 of the sorted parameters.
    pub params: String,
}

/// A request that was executed under a key, and its result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Executed {
    /// The `Idempotency-Key`.
    pub key: String,
    /// Which request it was.
    pub fingerprint: Fingerprint,
    /// What was answered.
    pub answer: Answer,
    /// When.
    pub time: DateTime<Utc>,
}

/// What is to be done with a request that shows a key.
#[derive(Debug)]
pub enum Begun {
    /// Execute it. The key is taken until [`Keys::finish`] or [`Keys::abandon`].
    Execute,
    /// Answer it with the first result.
    Replay(Answer),
}

#[derive(Debug)]
enum Slot {
    Running(Fingerprint),
    Done(Executed),
}

/// Every key of the last day.
#[derive(Debug, Default)]
pub struct Keys(HashMap<String, Slot>);

impl Keys {
    /// Takes a key, or finds what it was taken for.
    pub fn begin(&mut self, key: &str, request: &Fingerprint, now: DateTime<Utc>) -> Result<Begun, ApiError> {
        if key.is_empty() || key.len() > MAX_LENGTH {
            return Err(ApiError::key_reused(format!("Idempotency keys have 1 to {MAX_LENGTH} characters.")));
        }
        if let Some(Slot::Done(executed)) = self.0.get(key)
            && executed.time + LIFETIME <= now
        {
            self.0.remove(key);
        }
        let first = match self.0.get(key) {
            None => {
                self.0.insert(key.to_owned(), Slot::Running(request.clone()));
                return Ok(Begun::Execute);
            }
            Some(Slot::Running(first)) => first,
            Some(Slot::Done(executed)) => &executed.fingerprint,
        };
        if first.path != request.path {
            return Err(ApiError::key_reused(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{}' \
                 vs '{}'). Try using a key other than '{key}' if you meant to execute a different request.",
                request.path, first.path
            )));
        }
        if first.params != request.params {
            return Err(ApiError::key_reused(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                 Try using a key other than '{key}' if you meant to execute a different request."
            )));
        }
        match &self.0[key] {
            Slot::Running(_) => Err(ApiError::key_in_use(key)),
            Slot::Done(executed) => Ok(Begun::Replay(executed.answer.clone())),
        }
    }

    /// Keeps the result of a request.
    pub fn finish(&mut self, executed: Executed) {
        self.0.insert(executed.key.clone(), Slot::Done(executed));
    }

    /// Gives a key back whose request was not executed.
    pub fn abandon(&mut self, key: &str) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_forgotten_after_a_day() {
        let fingerprint = |params: &str| Fingerprint { path: "/v1/refunds".into(), params: params.into() };
        let start = DateTime::UNIX_EPOCH;
        let mut keys = Keys::default();
        assert!(matches!(keys.begin("k", &fingerprint("a"), start), Ok(Begun::Execute)));
        let answer = Answer::ok(serde_json::json!({}));
        keys.finish(Executed { key: "k".into(), fingerprint: fingerprint("a"), answer, time: start });
        let almost = start + TimeDelta::hours(24) - TimeDelta::seconds(1);
        assert!(matches!(keys.begin("k", &fingerprint("a"), almost), Ok(Begun::Replay(_))));
        assert!(keys.begin("k", &fingerprint("b"), almost).is_err());
        assert!(matches!(keys.begin("k", &fingerprint("b"), start + TimeDelta::hours(24)), Ok(Begun::Execute)));
    }
}
