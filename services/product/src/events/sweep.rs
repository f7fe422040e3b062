//! The sweep: ends reservations, deletes rows after their retention, and logs the age of what waits.

use std::{future::Future, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{order, publisher::Notifier};
use crate::{
    clock,
    domain::reservation::Terms,
    error::Error,
    store::{
        Database,
        backlog::{self, Backlog},
        housekeeping,
    },
};

/// Periodic task. Several instances may run it: they never work on the same reservation.
#[derive(Debug)]
pub struct Sweep {
    pub database: Database,
    pub terms: Terms,
    pub interval: Duration,
    pub notifier: Notifier,
}

impl Sweep {
    /// Sweeps until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            // Independent of each other: a failure of one does not stop the others.
            logged("end of reservations", self.end_reservations(&shutdown)).await;
            logged("housekeeping", async { Ok(housekeeping::delete_expired(&self.database, clock::now()).await?) })
                .await;
            logged("backlog", self.log_backlog()).await;
        }
    }

    async fn end_reservations(&self, shutdown: &CancellationToken) -> Result<(), Error> {
        while !shutdown.is_cancelled() {
            let ended = order::end_due(&self.database, &self.terms, clock::now()).await?;
            if ended > 0 {
                self.notifier.notify();
            }
            if ended < order::SWEEP_BATCH {
                break;
            }
        }
        Ok(())
    }

    async fn log_backlog(&self) -> Result<(), Error> {
        let now = clock::now();
        let Backlog { oldest_outbox_seconds, oldest_expired_seconds, parked_events } =
            self.database.run(async |connection| backlog::read(connection, now).await).await?;
        // Alarms are based on this line and on its presence.
        tracing::info!(oldest_outbox_seconds, oldest_expired_seconds, parked_events, "swept");
        Ok(())
    }
}

async fn logged(part: &str, work: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = work.await {
        tracing::error!(part, error = contracts::error::chain(&error), "sweep failed; the next one continues");
    }
}
