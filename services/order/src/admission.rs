//! Admission of new orders: when stock is reserved too slowly, a new order would only wait until its deadline.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Age of the oldest order without a reservation above which no order is accepted.
const LIMIT: Duration = Duration::from_secs(45);

/// Decides whether a new order is accepted, from the latest sweep of this process.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    oldest_placed_seconds: Arc<AtomicU64>,
}

impl Admission {
    /// Records the age of the oldest order whose stock is not reserved yet.
    pub(crate) fn observe(&self, oldest_placed: Duration) {
        self.oldest_placed_seconds.store(oldest_placed.as_secs(), Ordering::Relaxed);
    }

    /// True if a new order is accepted.
    pub(crate) fn is_open(&self) -> bool {
        self.oldest_placed_seconds.load(Ordering::Relaxed) <= LIMIT.as_secs()
    }
}
