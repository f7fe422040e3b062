//! Idempotency keys with Stripe's behavior: the first result is stored, whatever it was, and replayed for 24 hours.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::{ApiError, ApiResponse};

const LIFETIME: TimeDelta = TimeDelta::hours(24);
const MAX_LENGTH: usize = 255;

/// Identity of a request: a key serves only requests with the same fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    pub(crate) path: String,
    /// SHA-256 of the sorted parameters.
    pub(crate) params: String,
}

/// A request that was executed under a key, and its result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Executed {
    pub(crate) key: String,
    pub(crate) fingerprint: Fingerprint,
    #[serde(rename = "answer")]
    pub(crate) response: ApiResponse,
    pub(crate) time: DateTime<Utc>,
}

#[derive(Debug)]
enum KeyState {
    InUse(Fingerprint),
    Done(Executed),
}

/// Keys of the last 24 hours.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<String, KeyState>);

impl Keys {
    /// Returns the stored result to replay. For a new key, locks it until [`Keys::finish`] or [`Keys::release`], and
    /// returns `None`: the request has to be executed.
    pub(crate) fn begin(
        &mut self,
        key: &str,
        request: &Fingerprint,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiResponse>, ApiError> {
        if key.is_empty() || key.len() > MAX_LENGTH {
            return Err(ApiError::key_reused(format!("Idempotency keys have 1 to {MAX_LENGTH} characters.")));
        }
        let (first, stored) = match self.0.get(key) {
            Some(KeyState::InUse(first)) => (first, None),
            Some(KeyState::Done(executed)) if now < executed.time + LIFETIME => {
                (&executed.fingerprint, Some(&executed.response))
            }
            None | Some(KeyState::Done(_)) => {
                self.0.insert(key.to_owned(), KeyState::InUse(request.clone()));
                return Ok(None);
            }
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
        stored.map(|response| Some(response.clone())).ok_or_else(|| ApiError::key_in_use(key))
    }

    /// Stores the result of a request.
    pub(crate) fn finish(&mut self, executed: Executed) {
        self.0.insert(executed.key.clone(), KeyState::Done(executed));
    }

    /// Unlocks the key of a request that was not executed.
    pub(crate) fn release(&mut self, key: &str) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_expires_after_24_hours() {
        let fingerprint = |params: &str| Fingerprint { path: "/v1/refunds".into(), params: params.into() };
        let start = DateTime::UNIX_EPOCH;
        let mut keys = Keys::default();
        assert!(matches!(keys.begin("k", &fingerprint("a"), start), Ok(None)));
        let response = ApiResponse::ok(serde_json::json!({}));
        keys.finish(Executed { key: "k".into(), fingerprint: fingerprint("a"), response, time: start });
        let almost = start + TimeDelta::hours(24) - TimeDelta::seconds(1);
        assert!(matches!(keys.begin("k", &fingerprint("a"), almost), Ok(Some(_))));
        assert!(keys.begin("k", &fingerprint("b"), almost).is_err());
        assert!(matches!(keys.begin("k", &fingerprint("b"), start + TimeDelta::hours(24)), Ok(None)));
    }
}
