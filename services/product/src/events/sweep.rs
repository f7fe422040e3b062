//! What the passing of time does: reservations expire, and what nobody needs any more is forgotten.

use std::time::Duration;

use contracts::TraceContext;
use sqlx::PgPool;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{order, publisher::Notifier};
use crate::{clock, error::Error, store::housekeeping};

/// The sweep's loop. Any number of instances may run one: they never work on the same reservation.
#[derive(Debug)]
pub struct Sweep {
    /// The store.
    pub pool: PgPool,
    /// The time between two sweeps.
    pub interval: Duration,
    /// For the events that it commits.
    pub notifier: Notifier,
}

impl Sweep {
    /// Sweeps until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.sweep(&shutdown).await {
                tracing::warn!(%error, "a sweep failed; the next one goes on");
            }
        }
    }

    async fn sweep(&self, shutdown: &CancellationToken) -> Result<(), Error> {
        // One reservation a transaction: short locks, and its own trace for what it causes.
        while !shutdown.is_cancelled()
            && TraceContext::root().scope(order::expire_one(&self.pool, clock::now())).await?
        {
            self.notifier.notify();
        }
        housekeeping::tidy(&self.pool, clock::now()).await?;
        Ok(())
    }
}
