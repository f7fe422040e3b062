//! The sweep: ends reservations, asks for the end of their orders, deletes rows after their retention, and logs the age
//! of what waits.

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

/// Part of the sweep that consists of batches.
#[derive(Debug, Clone, Copy)]
enum Due {
    Ends,
    Questions,
}

impl Sweep {
    /// Sweeps until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            // Independent of each other: a failure of one does not stop the others.
            logged("end of reservations", self.in_batches(Due::Ends, &shutdown)).await;
            logged("questions to orders", self.in_batches(Due::Questions, &shutdown)).await;
            logged("housekeeping", async { Ok(housekeeping::delete_expired(&self.database, clock::now()).await?) })
                .await;
            logged("backlog", self.log_backlog()).await;
        }
    }

    async fn in_batches(&self, due: Due, shutdown: &CancellationToken) -> Result<(), Error> {
        while !shutdown.is_cancelled() {
            let now = clock::now();
            let events = match due {
                Due::Ends => order::end_due(&self.database, &self.terms, now).await?,
                Due::Questions => order::ask_due(&self.database, &self.terms, now).await?,
            };
            if events > 0 {
                self.notifier.notify();
            }
            if events < order::SWEEP_BATCH {
                break;
            }
        }
        Ok(())
    }

    async fn log_backlog(&self) -> Result<(), Error> {
        let now = clock::now();
        let Backlog { oldest_outbox_seconds, oldest_expired_seconds, parked_events, unanswered_orders } =
            self.database.run(async |connection| backlog::read(connection, now).await).await?;
        // Alarms are based on this line and on its presence.
        tracing::info!(oldest_outbox_seconds, oldest_expired_seconds, parked_events, unanswered_orders, "swept");
        Ok(())
    }
}

async fn logged(part: &str, work: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = work.await {
        tracing::error!(part, error = contracts::error::chain(&error), "sweep failed; the next one continues");
    }
}
