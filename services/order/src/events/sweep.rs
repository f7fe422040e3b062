//! The sweep: looks for orders whose time is over, in case no reminder came for them, and tells how long the oldest of
//! those that wait has been waiting.

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
    store::orders::{DEADLINE_SHARDS, WaitingOrder},
};

/// Orders that are ended at once.
const CONCURRENCY: usize = 8;

/// Sweeps every `period`, from the start on, until `shutdown`. Every process of the service does; that does no harm.
pub async fn run(app: AppState, period: Duration, shutdown: CancellationToken) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        let mut oldest = Some(Oldest::default());
        for shard in 0..DEADLINE_SHARDS {
            let swept = sweep(&app, shard, &shutdown).await;
            let swept = swept
                .inspect_err(|error| tracing::error!(shard, error = contracts::error::chain(error), "sweep failed"))
                .unwrap_or_default();
            oldest = oldest.zip(swept).map(|(all, shard)| all.and(shard));
        }
        // An alarm stands on this line, and on its being there: a part of the orders would tell the wrong age.
        if let Some(Oldest { placed, awaiting_payment }) = oldest {
            let (oldest_placed_seconds, oldest_awaiting_payment_seconds) =
                (placed.as_secs(), awaiting_payment.as_secs());
            tracing::info!(oldest_placed_seconds, oldest_awaiting_payment_seconds, "swept");
        }
    }
}

/// Ends what is due in one shard. None if it was cut short.
async fn sweep(app: &AppState, shard: u8, shutdown: &CancellationToken) -> Result<Option<Oldest>, Error> {
    let (mut oldest, mut from) = (Oldest::default(), None);
    while !shutdown.is_cancelled() {
        let waiting = app.store.waiting(shard, from).await?;
        let now = clock::now();
        oldest = waiting.orders.iter().fold(oldest, |oldest, order| oldest.and(Oldest::of(order, now)));
        let due = waiting.orders.into_iter().filter(|order| order.due_at <= now);
        stream::iter(due).for_each_concurrent(CONCURRENCY, |order| end(app, order.id)).await;
        match waiting.next {
            Some(next) => from = Some(next),
            None => return Ok(Some(oldest)),
        }
    }
    Ok(None)
}

async fn end(app: &AppState, order_id: OrderId) {
    let span = tracing::info_span!("sweep", trace_id = Empty, %order_id);
    // A failure is logged; the next sweep tries again.
    _ = traced(None, span, saga::advance(app, order_id, &Input::DeadlinePassed, None)).await;
}

/// The time since the placing of the oldest order in each passing state; zero where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Oldest {
    placed: Duration,
    awaiting_payment: Duration,
}

impl Oldest {
    fn of(order: &WaitingOrder, now: DateTime<Utc>) -> Self {
        let age = (now - placed_at(order.id)).max(TimeDelta::zero()).to_std().unwrap_or_default();
        match order.status {
            Some(Status::Placed) => Self { placed: age, ..Self::default() },
            Some(Status::AwaitingPayment) => Self { awaiting_payment: age, ..Self::default() },
            Some(Status::Confirmed | Status::Rejected | Status::Cancelled) | None => Self::default(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            placed: self.placed.max(other.placed),
            awaiting_payment: self.awaiting_payment.max(other.awaiting_payment),
        }
    }
}

/// Ids begin with the moment of their making, which is that of the placing.
fn placed_at(id: OrderId) -> DateTime<Utc> {
    let seconds = id.as_uuid().get_timestamp().map_or(0, |made| made.to_unix().0);
    DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(age: TimeDelta, status: Status, now: DateTime<Utc>) -> WaitingOrder {
        let made = uuid::Timestamp::from_unix(uuid::NoContext, (now - age).timestamp().cast_unsigned(), 0);
        WaitingOrder { id: uuid::Uuid::new_v7(made).into(), due_at: now, status: Some(status) }
    }

    #[test]
    fn the_oldest_order_of_each_passing_state_counts_and_no_other() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let orders = [
            waiting(TimeDelta::seconds(70), Status::Placed, now),
            waiting(TimeDelta::seconds(90), Status::Placed, now),
            waiting(TimeDelta::seconds(500), Status::AwaitingPayment, now),
            waiting(TimeDelta::seconds(80), Status::Placed, now),
            waiting(TimeDelta::days(3), Status::Cancelled, now),
        ];
        let oldest = orders.iter().fold(Oldest::default(), |oldest, order| oldest.and(Oldest::of(order, now)));
        assert_eq!((oldest.placed.as_secs(), oldest.awaiting_payment.as_secs()), (90, 500));
    }

    #[test]
    fn an_order_of_another_clock_that_is_ahead_is_new() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(Oldest::of(&waiting(TimeDelta::seconds(-5), Status::Placed, now), now), Oldest::default());
    }
}
