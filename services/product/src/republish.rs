//! Announces all products again, each at its present version: for `product republish`, and for a consumer whose read
//! model is empty.
//!
//! A request is a row. [`Republisher`] carries it out in batches, while few events wait: hundreds of thousands of
//! snapshots must neither exceed the time of a message nor delay the events of orders. The row has the position, so
//! that another process continues after a crash.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    domain::product::Product,
    error::Error,
    events::publisher::Notifier,
    store::{Database, outbox, products, republication},
};

/// Products per transaction, and number of waiting events at which the next batch waits.
pub const BATCH: usize = 500;
/// Time between two batches: events of orders are published in between.
const PACE: Duration = Duration::from_secs(1);
/// Time between two checks for a request.
const IDLE: Duration = Duration::from_secs(5);

/// Requests the announcement of all products. One that is in progress starts again: the consumer may have lost what it
/// has announced.
pub async fn request(database: &Database, now: DateTime<Utc>) -> Result<(), Error> {
    Ok(database.run(async |connection| republication::request(connection, now).await).await?)
}

/// Result of an attempt to announce a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is no request, or another process works on it.
    Idle,
    /// Too many events wait for their publication.
    Busy,
    /// Products were announced; there may be more.
    Announced,
    /// The last products were announced.
    Finished,
}

/// Announces the next batch of products.
///
/// A consumer that knows a version ignores it, so this is safe to repeat, and while products change.
pub async fn step(database: &Database, now: DateTime<Utc>) -> Result<Step, Error> {
    let announce = database.transaction(async |connection| {
        let Some(after) = republication::lock(connection).await? else { return Ok(Step::Idle) };
        if outbox::has_waiting(connection, BATCH).await? {
            return Ok(Step::Busy);
        }
        let products = products::after(connection, after, BATCH).await?;
        let snapshot = |product: &Product| {
            Envelope::new(EventId::generate(), product.id, product.version, now, product.snapshot())
        };
        outbox::add(connection, &products.iter().map(snapshot).collect::<Vec<_>>()).await?;
        match products.last() {
            Some(last) if products.len() == BATCH => {
                republication::advance(connection, last.id.as_uuid()).await?;
                Ok(Step::Announced)
            }
            _ => {
                republication::finish(connection).await?;
                Ok(Step::Finished)
            }
        }
    });
    announce.await
}

/// Periodic task that carries out requests. Several instances may run it: one at a time works on a request.
#[derive(Debug)]
pub(crate) struct Republisher {
    pub(crate) database: Database,
    pub(crate) notifier: Notifier,
}

impl Republisher {
    /// Carries out requests until `shutdown`.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let pause = match step(&self.database, clock::now()).await {
                Ok(Step::Idle) => IDLE,
                Ok(Step::Busy) => PACE,
                Ok(result) => {
                    self.notifier.notify();
                    if result == Step::Finished {
                        tracing::info!("all products are published again");
                    }
                    PACE
                }
                Err(error) => {
                    tracing::warn!(
                        error = contracts::error::chain(&error),
                        "could not publish products again; retrying"
                    );
                    IDLE
                }
            };
            shutdown.run_until_cancelled(sleep(pause)).await;
        }
    }
}
