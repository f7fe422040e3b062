//! The sweep: looks for orders whose time is over, in case no reminder came for them.

use std::time::Duration;

use contracts::{OrderId, TraceContext};
use futures::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{saga, traced};
use crate::{AppState, clock, domain::Input, error::Error, store::orders::DEADLINE_SHARDS};

/// Orders that are ended at once.
const CONCURRENCY: usize = 8;

/// Sweeps every `period`, from the start on, until `shutdown`. Every process of the service does; that does no harm.
pub async fn run(app: AppState, period: Duration, shutdown: CancellationToken) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        for shard in 0..DEADLINE_SHARDS {
            if let Err(cause) = sweep(&app, shard, &shutdown).await {
                tracing::error!(shard, %cause, "a sweep failed");
            }
        }
    }
}

async fn sweep(app: &AppState, shard: u8, shutdown: &CancellationToken) -> Result<(), Error> {
    let mut from = None;
    while !shutdown.is_cancelled() {
        let overdue = app.store.overdue(shard, clock::now(), from).await?;
        stream::iter(overdue.orders).for_each_concurrent(CONCURRENCY, |order_id| end(app, order_id)).await;
        match overdue.next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    Ok(())
}

async fn end(app: &AppState, order_id: OrderId) {
    let trace = TraceContext::root();
    let span = tracing::info_span!("sweep", trace_id = trace.trace_id(), %order_id);
    // A failure is logged; the next sweep tries again.
    _ = traced(trace, span, saga::advance(app, order_id, &Input::DeadlinePassed, None)).await;
}
