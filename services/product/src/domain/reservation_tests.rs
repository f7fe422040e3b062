//! The decisions, run against a stock in memory.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use contracts::Sku;
use proptest::{prelude::*, sample::Index};
use uuid::Uuid;

use super::*;

/// Available, reserved, sold.
type Level = [i64; 3];

/// One order's world: what the store would hold.
#[derive(Debug, Clone, PartialEq)]
struct World {
    known: Option<Reservation>,
    held: Vec<(Sku, u32)>,
    stock: BTreeMap<Sku, Level>,
    refusals: usize,
}

fn lines() -> Lines {
    Lines::new([("A".parse().unwrap(), 2), ("B".parse().unwrap(), 1)]).unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

impl World {
    fn with(available: i64) -> Self {
        let stock = ["A", "B"].map(|sku| (sku.parse().unwrap(), [available, 0, 0])).into();
        Self { known: None, held: Vec::new(), stock, refusals: 0 }
    }

    fn shift(&mut self, movement: Movement) {
        let change = movement.per_piece();
        for (sku, quantity) in &self.held {
            let level = self.stock.get_mut(sku).unwrap();
            for (column, per_piece) in level.iter_mut().zip([change.available, change.reserved, change.sold]) {
                *column += i64::from(per_piece) * i64::from(*quantity);
            }
        }
    }

    fn apply(&mut self, step: Step<'_>, sequence: u64) {
        let state = match step {
            Step::Ignore => return,
            Step::Settle(state) => state,
            Step::Move(movement, state) => {
                self.shift(movement);
                state
            }
            Step::Take(lines, movement, state) => {
                let wanted: Vec<_> = lines.iter().map(|(sku, quantity)| (sku.clone(), quantity)).collect();
                if wanted.iter().all(|(sku, quantity)| self.stock[sku][0] >= i64::from(*quantity)) {
                    self.held = wanted;
                    self.shift(movement);
                    state
                } else {
                    self.refusals += 1;
                    State::Rejected
                }
            }
        };
        if !state.holds_stock() {
            self.held.clear();
        }
        let known = self.known.take();
        let known = known.unwrap_or_else(|| Reservation::unwritten(Uuid::nil().into(), Uuid::nil().into()));
        self.known = Some(known.followed_by(state, sequence, at(900)));
    }

    fn hear(&mut self, (request, sequence): &(Request, u64)) {
        let step = decide(self.known.as_ref(), request, *sequence);
        self.apply(step, *sequence);
        self.check();
    }

    fn tick(&mut self, now: DateTime<Utc>) {
        let Some(known) = &self.known else { return };
        let sequence = known.order_sequence;
        let step = expire(known, now);
        self.apply(step, sequence);
        self.check();
    }

    /// What holds after every step: nothing negative, no piece made or lost, columns equal to what the order holds.
    fn check(&self) {
        let state = self.known.as_ref().map(|known| known.state);
        for (sku, level) in &self.stock {
            let held = self.held.iter().find(|line| line.0 == *sku).map_or(0, |line| i64::from(line.1));
            assert!(level.iter().all(|pieces| *pieces >= 0), "{self:?}");
            assert_eq!(level[1], if state == Some(State::Reserved) { held } else { 0 }, "{self:?}");
            assert_eq!(level[2], if state == Some(State::Committed) { held } else { 0 }, "{self:?}");
        }
        assert_eq!(self.known.as_ref().is_some_and(|known| known.state.holds_stock()), !self.held.is_empty());
    }

    fn end(&self) -> (Option<(State, u64)>, &BTreeMap<Sku, Level>) {
        (self.known.as_ref().map(|known| (known.state, known.order_sequence)), &self.stock)
    }
}

/// The histories that the conductor of the saga can write.
fn history() -> impl Strategy<Value = Vec<(Request, u64)>> {
    let placed = || (Request::Reserve(lines()), 1);
    prop_oneof![
        Just(vec![placed()]),
        Just(vec![placed(), (Request::Release, 2)]),
        Just(vec![placed(), (Request::Commit(lines()), 3)]),
        Just(vec![placed(), (Request::Commit(lines()), 3), (Request::Release, 4)]),
    ]
}

proptest! {
    #[test]
    fn any_permutation_with_duplicates_ends_in_the_same_state(
        history in history(),
        deliveries in prop::collection::vec(any::<Index>(), 0..12),
        cut in any::<Index>(),
        available in 0_i64..4,
    ) {
        let mut in_order = World::with(available);
        history.iter().for_each(|event| in_order.hear(event));

        // Any deliveries at all, with each event at least once somewhere among them.
        let mut order: Vec<_> = deliveries.iter().map(|index| index.get(&history).clone()).collect();
        let missing = history.iter().rev().cloned().collect::<Vec<_>>();
        let place = cut.index(order.len() + 1);
        order.splice(place..place, missing);
        let mut shuffled = World::with(available);
        order.iter().for_each(|event| shuffled.hear(event));

        prop_assert_eq!(shuffled.end(), in_order.end());
    }

    #[test]
    fn whatever_happens_no_piece_is_lost_or_made(
        deliveries in prop::collection::vec((any::<Index>(), any::<bool>(), 0_i64..2000), 0..20),
        history in history(),
        available in 0_i64..4,
    ) {
        let mut world = World::with(available);
        for (index, expiry, second) in deliveries {
            if expiry { world.tick(at(second)) } else { world.hear(index.get(&history)) }
            for level in world.stock.values() {
                prop_assert_eq!(level.iter().sum::<i64>(), available);
            }
        }
    }

    #[test]
    fn expiry_in_between_changes_nothing_for_an_order_that_is_confirmed_or_given_up(
        history in history().prop_filter("has an end", |history| history.len() > 1),
        ticks in prop::collection::vec(any::<bool>(), 4),
    ) {
        let mut undisturbed = World::with(10);
        let mut disturbed = World::with(10);
        for (event, tick) in history.iter().zip(ticks) {
            undisturbed.hear(event);
            disturbed.hear(event);
            if tick {
                disturbed.tick(at(10_000));
            }
        }
        prop_assert_eq!(disturbed.end(), undisturbed.end());
    }
}

#[test]
fn a_reservation_expires_at_its_time_and_never_after_confirmation() {
    let mut world = World::with(5);
    world.hear(&(Request::Reserve(lines()), 1));
    world.tick(at(899));
    assert_eq!(world.known.as_ref().unwrap().state, State::Reserved);
    let mut confirmed = world.clone();
    world.tick(at(900));
    assert_eq!(world.known.unwrap().state, State::Expired);
    confirmed.hear(&(Request::Commit(lines()), 2));
    confirmed.tick(at(10_000));
    assert_eq!(confirmed.known.unwrap().state, State::Committed);
}

#[test]
fn a_late_confirmation_takes_the_stock_again_or_is_refused() {
    let mut world = World::with(5);
    world.hear(&(Request::Reserve(lines()), 1));
    world.tick(at(900));
    let mut sold_out = world.clone();
    world.hear(&(Request::Commit(lines()), 2));
    assert_eq!((world.known.unwrap().state, world.refusals), (State::Committed, 0));

    sold_out.stock.insert("B".parse().unwrap(), [0, 0, 0]);
    sold_out.hear(&(Request::Commit(lines()), 2));
    assert_eq!((sold_out.known.unwrap().state, sold_out.refusals), (State::Rejected, 1));
}

#[test]
fn a_cancellation_that_comes_first_leaves_a_mark_that_refuses_the_reservation() {
    let mut world = World::with(5);
    world.hear(&(Request::Release, 2));
    world.hear(&(Request::Reserve(lines()), 1));
    assert_eq!(world.known.unwrap().state, State::Released);
    assert_eq!(world.stock, World::with(5).stock);
}
