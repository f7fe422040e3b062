//! Rate limit per operation, as Stripe limits its endpoints.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fault::Operation;

/// A token bucket per operation, which holds the calls of one second.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Calls per second of each operation. None for no limit.
    per_second: Option<u32>,
    #[serde(skip)]
    buckets: HashMap<Operation, Bucket>,
}

#[derive(Debug, Clone)]
struct Bucket {
    tokens: f64,
    filled_at: DateTime<Utc>,
}

impl Limits {
    /// Counts a call. Returns false if it exceeds the limit.
    pub(crate) fn admits(&mut self, operation: Operation, now: DateTime<Utc>) -> bool {
        let Some(limit) = self.per_second.map(f64::from) else { return true };
        let bucket = self.buckets.entry(operation).or_insert(Bucket { tokens: limit, filled_at: now });
        let elapsed = (now - bucket.filled_at).as_seconds_f64().max(0.0);
        bucket.tokens = elapsed.mul_add(limit, bucket.tokens).min(limit);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn each_operation_has_the_calls_of_one_second() {
        let start = DateTime::UNIX_EPOCH;
        let mut limits = Limits { per_second: Some(25), ..Limits::default() };
        let mut admitted = |operation, now| (0..100).filter(|_| limits.admits(operation, now)).count();
        assert_eq!(admitted(Operation::Confirm, start), 25);
        assert_eq!(admitted(Operation::Create, start), 25);
        assert_eq!(admitted(Operation::Confirm, start + TimeDelta::milliseconds(200)), 5);
        assert_eq!(admitted(Operation::Confirm, start + TimeDelta::seconds(60)), 25);
    }

    #[test]
    fn there_is_no_limit_by_default() {
        assert!((0..1000).all(|_| Limits::default().admits(Operation::Create, DateTime::UNIX_EPOCH)));
    }
}
