//! Admission of new orders. When neighbors respond too slowly, more orders would only wait until their deadlines.
//!
//! Two signals: the age of the oldest order without a reservation, from the sweep, and the time that each answer took.
//! Once answers are late, a new order is admitted for each answer that arrives, so that the number of waiting orders
//! does not grow. Every task receives a random part of the answers, so this needs no coordination.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::domain::{Input, Order, Owed};

/// Age of the oldest order without a reservation above which no order is accepted.
const LIMIT: Duration = Duration::from_secs(45);

/// Time of an answer in seconds, on average, above which answers are late: several times that of a shop that is not
/// overloaded. The waiting orders are then worth about twice this time.
const LATE: f64 = 5.0;

/// Number of orders that are admitted at once when answers become late.
const BURST: f64 = 16.0;

/// Orders that are admitted for an answer that took more than twice as long as a late one: the backlog has to shrink.
const SHRINK: f64 = 0.75;

/// Weight of the latest answer in the average.
const WEIGHT: f64 = 0.2;

/// Longest time that counts, in seconds, so that one slow answer does not make the average late.
const LONGEST: f64 = 15.0;

/// Time after which answers are forgotten. Without answers, only the age of the oldest order counts.
const MEMORY: Duration = Duration::from_secs(5);

/// Decides whether a new order is accepted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Admission {
    oldest_placed_seconds: Arc<AtomicU64>,
    /// Product's reservations, and payment's authorizations.
    neighbors: Arc<Mutex<[Neighbor; 2]>>,
}

impl Admission {
    /// Records the age of the oldest order whose stock is not reserved yet.
    pub(crate) fn observe(&self, oldest_placed: Duration) {
        self.oldest_placed_seconds.store(oldest_placed.as_secs(), Ordering::Relaxed);
    }

    /// Records the time that `input` took, if it is the answer that `order` waited for.
    pub(crate) fn answered(&self, order: &Order, input: &Input, now: DateTime<Utc>) {
        let neighbor = usize::from(!matches!(input, Input::StockReserved { .. } | Input::StockRejected { .. }));
        let is_answered = |owed: &Owed| match (owed, input) {
            (Owed::Reservation, Input::StockReserved { .. } | Input::StockRejected { .. }) => true,
            (
                Owed::Authorization { payment_id: owed, .. },
                Input::PaymentAuthorized { payment_id, .. } | Input::PaymentDeclined { payment_id, .. },
            ) => owed == payment_id,
            _ => false,
        };
        if let Some(obligation) = order.owed.iter().find(|obligation| is_answered(&obligation.what)) {
            let took = (now - obligation.since).to_std().unwrap_or_default();
            self.neighbors()[neighbor].answered(took, Instant::now());
        }
    }

    /// True if a new order is accepted.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open_at(Instant::now())
    }

    fn is_open_at(&self, now: Instant) -> bool {
        let mut neighbors = self.neighbors();
        let is_open = self.oldest_placed_seconds.load(Ordering::Relaxed) <= LIMIT.as_secs()
            && neighbors.iter().all(|neighbor| !neighbor.is_late(now) || neighbor.credit >= 1.0);
        if is_open {
            neighbors.iter_mut().for_each(|neighbor| neighbor.credit -= 1.0);
        }
        is_open
    }

    fn neighbors(&self) -> MutexGuard<'_, [Neighbor; 2]> {
        self.neighbors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers of a neighbor.
#[derive(Debug, Default)]
struct Neighbor {
    /// Moving average of the time of an answer, in seconds, with the time of the latest one.
    average: Option<(f64, Instant)>,
    /// Number of orders that are admitted while answers are late.
    credit: f64,
}

impl Neighbor {
    fn is_late(&self, now: Instant) -> bool {
        self.recent(now).is_some_and(|average| average > LATE)
    }

    fn recent(&self, now: Instant) -> Option<f64> {
        self.average.filter(|(_, at)| now.duration_since(*at) < MEMORY).map(|(average, _)| average)
    }

    fn answered(&mut self, took: Duration, now: Instant) {
        let (took, was_late) = (took.as_secs_f64().min(LONGEST), self.is_late(now));
        let average = self.recent(now).map_or(took, |average| average + WEIGHT * (took - average));
        self.average = Some((average, now));
        let gain = if average > 2.0 * LATE { SHRINK } else { 1.0 };
        self.credit = if was_late { (self.credit + gain).min(BURST) } else { BURST };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON_TIME: Duration = Duration::from_secs(2);
    const SLOW: Duration = Duration::from_secs(8);
    const VERY_SLOW: Duration = Duration::from_secs(30);

    /// Returns the number of orders that are admitted at once, up to 100.
    fn admitted(admission: &Admission, now: Instant) -> usize {
        (0..100).take_while(|_| admission.is_open_at(now)).count()
    }

    #[test]
    fn while_answers_are_late_each_of_them_admits_an_order() {
        let (admission, now) = (Admission::default(), Instant::now());
        let answered = |neighbor: usize, took, times| {
            (0..times).for_each(|_| admission.neighbors()[neighbor].answered(took, now));
        };
        answered(0, ON_TIME, 50);
        assert_eq!(admitted(&admission, now), 100);
        answered(0, SLOW, 50);
        assert_eq!(admitted(&admission, now), 16, "the burst");
        answered(0, SLOW, 5);
        assert_eq!(admitted(&admission, now), 5);
        answered(0, VERY_SLOW, 20);
        _ = admitted(&admission, now);
        answered(0, VERY_SLOW, 8);
        assert_eq!(admitted(&admission, now), 6, "the backlog shrinks");
        answered(0, ON_TIME, 20);
        assert_eq!(admitted(&admission, now), 100);
    }

    #[test]
    fn one_slow_answer_among_many_refuses_nothing() {
        let (admission, now) = (Admission::default(), Instant::now());
        let answered = |neighbor: usize, took, times| {
            (0..times).for_each(|_| admission.neighbors()[neighbor].answered(took, now));
        };
        answered(1, ON_TIME, 50);
        answered(1, VERY_SLOW, 1);
        assert_eq!(admitted(&admission, now), 100);
    }

    #[test]
    fn late_answers_are_forgotten_if_no_more_of_them_arrive() {
        let (admission, now) = (Admission::default(), Instant::now());
        let answered = |neighbor: usize, took, times| {
            (0..times).for_each(|_| admission.neighbors()[neighbor].answered(took, now));
        };
        answered(0, VERY_SLOW, 1);
        assert_eq!(admitted(&admission, now), 16);
        assert_eq!(admitted(&admission, now + MEMORY), 100);
    }

    #[test]
    fn no_order_is_admitted_while_the_oldest_waits_too_long() {
        let (admission, now) = (Admission::default(), Instant::now());
        admission.observe(LIMIT + Duration::from_secs(1));
        assert_eq!(admitted(&admission, now), 0);
        admission.observe(LIMIT);
        assert_eq!(admitted(&admission, now), 100);
    }
}
