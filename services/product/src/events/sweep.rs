//! The sweep: releases expired reservations, and deletes rows after their retention.

use std::time::Duration;

use contracts::TraceContext;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{order, publisher::Notifier};
use crate::{
    clock,
    error::Error,
    store::{Database, housekeeping},
};

/// Periodic task. Several instances may run it: they never work on the same reservation.
#[derive(Debug)]
pub struct Sweep {
    pub database: Database,
    pub interval: Duration,
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
                tracing::warn!(error = contracts::error::chain(&error), "sweep failed; the next one continues");
            }
        }
    }

    async fn sweep(&self, shutdown: &CancellationToken) -> Result<(), Error> {
        // One reservation per transaction: locks are short, and each expiry is the root of a trace.
        while !shutdown.is_cancelled()
            && TraceContext::root().scope(order::expire_one(&self.database, clock::now())).await?
        {
            self.notifier.notify();
        }
        let now = clock::now();
        self.database.run(async |connection| Ok(housekeeping::delete_expired(connection, now).await?)).await
    }
}
