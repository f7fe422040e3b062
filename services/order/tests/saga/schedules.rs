//! The whole saga, in thousands of schedules.

use std::panic::catch_unwind;

use contracts::{Money, OrderId};
use order::domain::{Order, State, Status};
use proptest::prelude::*;

use super::{
    eur,
    neighbors::{Holding, Issuer},
    order_id, sku,
    world::{Command, Network, SHOWN_PRICE, World},
};

const STOCK: u32 = 6;

/// Returns a world with orders that compete for stock that is not enough for all.
fn competing_orders(network: Network, tape: Vec<u8>, price_changes: i64) -> World {
    let mut world = World::new(network, tape);
    world.product.available = [(sku("A"), STOCK), (sku("B"), STOCK)].into();
    world.place(order_id(1), &[("A", 2), ("B", 1)]);
    world.place(order_id(2), &[("A", 3)]);
    world.place(order_id(3), &[("A", 2), ("B", 5)]);
    world.place(order_id(4), &[("B", 2)]);
    world.price = SHOWN_PRICE + price_changes;
    world
}

fn assert_money(world: &World, order: &Order) {
    let live = world.payment.live(order.id);
    match order.state {
        State::Confirmed => assert_eq!(live, [order.total], "I2: {order:#?}"),
        _ => assert_eq!(live, [], "I3: {order:#?}"),
    }
    let sum: i64 = order.lines.iter().map(|line| line.unit_price.minor * i64::from(line.quantity)).sum();
    assert_eq!(order.total, eur(sum));
    let shown: i64 = order.lines.iter().map(|line| SHOWN_PRICE * i64::from(line.quantity)).sum();
    assert!(order.total.minor <= shown, "a customer is never charged more than shown");
}

fn assert_stock(world: &World) {
    let mut left = [(sku("A"), STOCK), (sku("B"), STOCK)];
    for order in world.orders.values() {
        let holding = world.product.reservations.get(&order.id).map(|reservation| reservation.state);
        if order.state == State::Confirmed {
            assert_eq!(holding, Some(Holding::Sold), "I2: {order:#?}");
            for line in &order.lines {
                let (_, left) = left.iter_mut().find(|(sku, _)| *sku == line.sku).unwrap();
                *left -= line.quantity;
            }
        } else {
            assert!(!matches!(holding, Some(Holding::Sold | Holding::Reserved)), "I3: {holding:?} {order:#?}");
        }
    }
    for (sku, left) in left {
        assert_eq!(world.product.available[&sku], left, "I4: stock of {sku}");
    }
}

fn outcome(world: &World, id: OrderId) -> (Status, Money, usize) {
    let order = &world.orders[&id];
    (order.state.status(), order.total, world.payment.live(id).len())
}

/// I1, I2, I3, I4: whatever is lost, late, duplicated or killed, every order reaches a settled state in which nothing
/// is owed, with money and stock that match it.
///
/// `SAGA_SCHEDULES=1000000` runs more schedules; `SAGA_SEED=<seed> SAGA_SCHEDULES=1` replays one.
#[test]
fn every_order_settles_with_matching_money_and_stock() {
    let schedules = setting("SAGA_SCHEDULES").unwrap_or(20_000);
    let first = setting("SAGA_SEED").unwrap_or_else(|| fastrand::u32(..).into());
    println!("{schedules} schedules from seed {first}");
    for seed in first..first + schedules {
        if catch_unwind(|| settle(seed)).is_err() {
            panic!("replay with SAGA_SEED={seed} SAGA_SCHEDULES=1");
        }
    }
}

fn settle(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let network = if random.bool() { Network::Lossy } else { Network::Hostile };
    let price_changes = [0, 0, 0, 0, -10, -10, 10][random.usize(0..7)];
    let mut tape = vec![0; random.usize(0..600)];
    random.fill(&mut tape);
    let mut world = competing_orders(network, tape, price_changes);
    world.run();
    for order in world.orders.values() {
        assert_eq!(order.due_at(), None, "I1: {order:#?}");
        assert_money(&world, order);
    }
    assert_stock(&world);
}

#[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// I7: ten deliveries of every message, in any order, have the outcome of one delivery in order.
    #[test]
    fn ten_deliveries_in_any_order_have_the_outcome_of_one_in_order(
        tape in prop::collection::vec(any::<u8>(), 0..600),
        declines in 0..3_usize,
        price_changes in -10..=10_i64,
        wanted in 1..=8_u32,
        cancelled in any::<bool>(),
    ) {
        let run = |network, tape| {
            let mut world = World::new(network, tape);
            world.product.available = [(sku("A"), STOCK), (sku("B"), STOCK)].into();
            world.place(order_id(1), &[("A", wanted)]);
            world.price = SHOWN_PRICE + price_changes;
            world.issuers = vec![Issuer::Declines; declines];
            for attempt in 0..declines as i64 {
                world.command(order_id(1), 50 * (attempt + 1), Command::AnotherCard);
            }
            if cancelled {
                world.command(order_id(1), 300, Command::Cancel);
            }
            world.run();
            assert_stock(&world);
            (outcome(&world, order_id(1)), world.orders[&order_id(1)].version)
        };
        prop_assert_eq!(run(Network::Tenfold, tape), run(Network::Reliable, Vec::new()));
    }
}

/// The properties above would also hold if no order were ever confirmed.
#[test]
fn on_a_reliable_network_orders_are_confirmed_until_the_stock_is_sold() {
    let mut world = competing_orders(Network::Reliable, Vec::new(), 0);
    world.run();
    let confirmed = world.orders.values().filter(|order| order.state == State::Confirmed).count();
    assert_eq!(confirmed, 3, "{:#?}", world.orders);
    assert_stock(&world);
}
