//! The whole saga, thousands of times.

use contracts::{Money, OrderId};
use order::domain::{Order, State, Status};
use proptest::prelude::*;

use super::{
    eur,
    neighbours::{Holding, Issuer},
    order_id, sku,
    world::{Network, SHOWN_PRICE, Wish, World},
};

const STOCK: u32 = 6;

/// Orders that compete for less stock than they want.
fn shop(network: Network, tape: Vec<u8>, price_changes: i64) -> World {
    let mut world = World::new(network, tape);
    world.product.available = [(sku("A"), STOCK), (sku("B"), STOCK)].into();
    world.place(order_id(1), &[("A", 2), ("B", 1)]);
    world.place(order_id(2), &[("A", 3)]);
    world.place(order_id(3), &[("A", 2), ("B", 5)]);
    world.place(order_id(4), &[("B", 2)]);
    world.price = SHOWN_PRICE + price_changes;
    world
}

fn money_is_right(world: &World, order: &Order) {
    let live = world.payment.live(order.id);
    match order.state {
        State::Confirmed => assert_eq!(live, [order.total], "I2: {order:#?}"),
        _ => assert_eq!(live, [], "I3: {order:#?}"),
    }
    let sum: i64 = order.lines.iter().map(|line| line.unit_price.minor * i64::from(line.quantity)).sum();
    assert_eq!(order.total, eur(sum));
    let shown: i64 = order.lines.iter().map(|line| SHOWN_PRICE * i64::from(line.quantity)).sum();
    assert!(order.total.minor <= shown, "nobody pays more than they were shown");
}

fn stock_is_right(world: &World) {
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

fn end_of(world: &World, id: OrderId) -> (Status, Money, usize) {
    let order = &world.orders[&id];
    (order.state.status(), order.total, world.payment.live(id).len())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    /// I1, I2, I3: whatever the network does, every order comes to rest, with money and stock as its state says.
    #[test]
    fn every_order_comes_to_rest_with_its_money_and_stock_right(
        tape in prop::collection::vec(any::<u8>(), 0..600),
        price_changes in prop_oneof![4 => Just(0), 2 => Just(-10), 1 => Just(10)],
    ) {
        let mut world = shop(Network::Hostile, tape, price_changes);
        world.run();
        for order in world.orders.values() {
            prop_assert_eq!(order.state.deadline(), None, "I1: {:#?}", order);
            money_is_right(&world, order);
        }
        stock_is_right(&world);
    }

    /// I7: every message ten times, in any order, ends as every message once, in order.
    #[test]
    fn ten_deliveries_in_any_order_end_as_one_in_order(
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
                world.wish(order_id(1), 50 * (attempt + 1), Wish::AnotherCard);
            }
            if cancelled {
                world.wish(order_id(1), 300, Wish::Cancel);
            }
            world.run();
            stock_is_right(&world);
            (end_of(&world, order_id(1)), world.orders[&order_id(1)].version)
        };
        prop_assert_eq!(run(Network::Tenfold, tape), run(Network::Fine, Vec::new()));
    }
}

/// The properties above would hold in a world where nothing ever succeeds, too.
#[test]
fn when_nothing_goes_wrong_orders_are_confirmed_as_far_as_the_stock_goes() {
    let mut world = shop(Network::Fine, Vec::new(), 0);
    world.run();
    let confirmed = world.orders.values().filter(|order| order.state == State::Confirmed).count();
    assert_eq!(confirmed, 3, "{:#?}", world.orders);
    stock_is_right(&world);
}
