//! Liveness: whether the loops of the process still run.
//!
//! The load balancer asks for it, and ECS replaces a task that does not have it. It does not depend on the database: an
//! outage that all tasks share would replace all of them, and help none.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Time without progress after which a loop counts as stalled: longer than any wait of a loop. All waits are limited.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The loops with the time until which each has to continue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Liveness(Arc<Mutex<BTreeMap<&'static str, Instant>>>);

impl Liveness {
    /// Runs a loop, and records whenever it continues. It has to do so within `limit`.
    pub(crate) async fn watch(self, name: &'static str, limit: Duration, work: impl Future<Output = ()>) {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.update(|loops| _ = loops.insert(name, Instant::now() + limit));
            work.as_mut().poll(context)
        })
        .await;
        // Its end is another matter: the process ends as well.
        self.update(|loops| _ = loops.remove(name));
    }

    /// Returns a loop that does not continue.
    pub(crate) fn stalled(&self) -> Option<&'static str> {
        self.stalled_at(Instant::now())
    }

    fn stalled_at(&self, now: Instant) -> Option<&'static str> {
        let loops = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loops.iter().find(|(_, until)| **until < now).map(|(name, _)| *name)
    }

    fn update(&self, update: impl FnOnce(&mut BTreeMap<&'static str, Instant>)) {
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::mpsc, task::yield_now};

    use super::*;

    #[tokio::test]
    async fn a_loop_that_does_not_continue_is_stalled() {
        let liveness = Liveness::default();
        let (sender, mut receiver) = mpsc::unbounded_channel::<()>();
        let work = async move { while receiver.recv().await.is_some() {} };
        let task = tokio::spawn(liveness.clone().watch("loop", LIMIT, work));
        yield_now().await;
        let first = Instant::now();
        assert_eq!(liveness.stalled_at(first), None);
        assert_eq!(liveness.stalled_at(first + LIMIT), Some("loop"));

        let second = Instant::now();
        sender.send(()).unwrap();
        yield_now().await;
        assert_eq!(liveness.stalled_at(second + LIMIT), None, "it has continued since");
        assert_eq!(liveness.stalled_at(Instant::now() + LIMIT), Some("loop"));

        drop(sender);
        task.await.unwrap();
        assert_eq!(liveness.stalled_at(second + 2 * LIMIT), None, "it has ended");
    }
}
