//! The sweep: ends orders whose deadline has passed, repeats requests that were not answered, logs the age of the
//! oldest order of each transient state, and requests the catalogue for a new table.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::OrderId;
use futures::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;

use super::traced;
use crate::{
    AppState, clock,
    domain::{Input, Status},
    error::Error,
    saga,
    store::orders::{DEADLINE_SHARDS, PendingOrder},
};

/// Number of orders that are processed at the same time.
const CONCURRENCY: usize = 8;

/// Time ahead for which orders are read, for their age: longer than any order is in a transient state.
const HORIZON: TimeDelta = TimeDelta::minutes(15);

/// Sweeps every `period`, starting now, until `shutdown`. Every process of the service sweeps. Each begins with another
/// order, so that they share the work of an outage: two that process the same order are in conflict, and one of them
/// changes nothing.
pub(crate) async fn run(app: AppState, period: Duration, shutdown: CancellationToken) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        _ = request_catalogue(&app).await.inspect_err(|error| {
            tracing::error!(error = contracts::error::chain(error), "could not request the catalogue");
        });
        let mut oldest = Some(Oldest::default());
        let first = fastrand::u8(0..DEADLINE_SHARDS);
        for shard in (0..DEADLINE_SHARDS).map(|shard| (first + shard) % DEADLINE_SHARDS) {
            let swept = sweep(&app, shard, &shutdown).await;
            let swept = swept
                .inspect_err(|error| tracing::error!(shard, error = contracts::error::chain(error), "sweep failed"))
                .unwrap_or_default();
            oldest = oldest.zip(swept).map(|(all, shard)| all.max(shard));
        }
        // Alarms are based on this line and on its presence. The age of a part of the orders would be wrong.
        if let Some(Oldest { placed, awaiting_payment }) = oldest {
            let (oldest_placed_seconds, oldest_awaiting_payment_seconds) =
                (placed.as_secs(), awaiting_payment.as_secs());
            tracing::info!(oldest_placed_seconds, oldest_awaiting_payment_seconds, "swept");
            app.admission.observe(placed);
        }
    }
}

/// Requests the catalogue from product if the table is new: product publishes only changes by itself.
async fn request_catalogue(app: &AppState) -> Result<(), Error> {
    if app.store.is_catalogue_requested().await? {
        return Ok(());
    }
    app.store.request_catalogue(clock::now()).await?;
    tracing::info!("catalogue requested");
    Ok(())
}

/// Processes the due orders of one shard. Returns `None` if `shutdown` interrupts it.
///
/// Orders that are not due are read for their age, up to a page. In an outage, the first page has the most overdue
/// ones.
async fn sweep(app: &AppState, shard: u8, shutdown: &CancellationToken) -> Result<Option<Oldest>, Error> {
    let (mut oldest, mut from) = (Oldest::default(), None);
    while !shutdown.is_cancelled() {
        let page = app.store.pending_orders(shard, clock::now() + HORIZON, from).await?;
        let now = clock::now();
        oldest = page.orders.iter().fold(oldest, |oldest, order| oldest.max(Oldest::of(order, now)));
        let is_due = |order: &PendingOrder| order.due_at <= now;
        let has_more = page.orders.last().is_some_and(is_due);
        let mut due: Vec<_> = page.orders.into_iter().filter(is_due).collect();
        fastrand::shuffle(&mut due);
        let due = stream::iter(due).take_until(shutdown.cancelled());
        due.for_each_concurrent(CONCURRENCY, |order| process(app, order.id)).await;
        match page.next.filter(|_| has_more) {
            Some(next) => from = Some(next),
            None => return Ok(Some(oldest)),
        }
    }
    Ok(None)
}

async fn process(app: &AppState, order_id: OrderId) {
    let span = tracing::info_span!("sweep", trace_id = Empty, %order_id);
    // A failure is logged, and the next sweep retries.
    _ = traced(None, span, saga::advance(app, order_id, &Input::DeadlinePassed)).await;
}

/// Age of the oldest order in each transient state, since its checkout; zero if there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Oldest {
    placed: Duration,
    awaiting_payment: Duration,
}

impl Oldest {
    fn of(order: &PendingOrder, now: DateTime<Utc>) -> Self {
        let age = (now - placed_at(order.id)).max(TimeDelta::zero()).to_std().unwrap_or_default();
        match order.status {
            Some(Status::Placed) => Self { placed: age, ..Self::default() },
            Some(Status::AwaitingPayment) => Self { awaiting_payment: age, ..Self::default() },
            Some(Status::Confirmed | Status::Rejected | Status::Cancelled | Status::Unknown) | None => Self::default(),
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            placed: self.placed.max(other.placed),
            awaiting_payment: self.awaiting_payment.max(other.awaiting_payment),
        }
    }
}

/// Returns the time of the checkout: an id starts with the time of its creation.
fn placed_at(id: OrderId) -> DateTime<Utc> {
    let seconds = id.as_uuid().get_timestamp().map_or(0, |timestamp| timestamp.to_unix().0);
    DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(age: TimeDelta, status: Status, now: DateTime<Utc>) -> PendingOrder {
        let created = uuid::Timestamp::from_unix(uuid::NoContext, (now - age).timestamp().cast_unsigned(), 0);
        PendingOrder { id: uuid::Uuid::new_v7(created).into(), due_at: now, status: Some(status) }
    }

    #[test]
    fn the_oldest_order_of_each_transient_state_counts() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let orders = [
            pending(TimeDelta::seconds(70), Status::Placed, now),
            pending(TimeDelta::seconds(90), Status::Placed, now),
            pending(TimeDelta::seconds(500), Status::AwaitingPayment, now),
            pending(TimeDelta::seconds(80), Status::Placed, now),
            pending(TimeDelta::days(3), Status::Cancelled, now),
        ];
        let oldest = orders.iter().fold(Oldest::default(), |oldest, order| oldest.max(Oldest::of(order, now)));
        assert_eq!((oldest.placed.as_secs(), oldest.awaiting_payment.as_secs()), (90, 500));
    }

    #[test]
    fn an_order_created_by_a_clock_that_is_ahead_has_age_zero() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(Oldest::of(&pending(TimeDelta::seconds(-5), Status::Placed, now), now), Oldest::default());
    }
}
