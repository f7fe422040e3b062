//! Locks within this process, so that requests for one cart wait for each other instead of running into version
//! conflicts. Requests in other processes still do.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use contracts::UserId;
use tokio::sync::{Mutex, MutexGuard};

/// Number of locks. Customers share one by chance.
const LOCKS: usize = 1024;

/// Locks of carts.
#[derive(Debug, Clone)]
pub(super) struct Locks(Arc<[Mutex<()>]>);

impl Default for Locks {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| Mutex::default()).collect())
    }
}

impl Locks {
    /// Waits for the lock of a customer's cart. Waiting requests get it in the order of their arrival.
    pub(super) async fn lock(&self, user: UserId) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        self.0[index].lock().await
    }
}
