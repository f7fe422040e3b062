//! Events of orders on the real store, without a queue.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Envelope, Event, EventId, OrderId};
use futures::{StreamExt, future::join_all, stream};
use product::{Error, Terms, clock, events::order, store::Database};
use sqlx::PgPool;

use super::support::{
    Environment, cancelled, confirmed, inconsistent, outcomes, placed, product, rejected, stock, stock_up, unpublished,
};

const TERMS: Terms =
    Terms { ttl: TimeDelta::minutes(15), warning: TimeDelta::minutes(2), extension: TimeDelta::minutes(5) };

async fn pool_with(skus: &[(&str, u16)]) -> PgPool {
    let Environment { pool, .. } = Environment::new().await;
    let products: Vec<_> =
        skus.iter().map(|(sku, pieces)| product(&sku.to_lowercase(), sku, &[(sku, 500, *pieces)])).collect();
    stock_up(&pool, &products).await;
    pool
}

async fn handle(pool: &PgPool, envelope: &Envelope) {
    order::handle(&Database::from(pool.clone()), envelope, &TERMS, clock::now()).await.unwrap();
}

/// Completes all of `work`, as much of it at a time as there are connections.
async fn at_once(work: impl IntoIterator<Item = impl Future<Output = ()>>) {
    stream::iter(work).for_each_concurrent(20, |work| work).await;
}

/// Handles all reservations whose time has come by `now`, as the sweep does. Returns their number.
async fn sweep(pool: &PgPool, now: DateTime<Utc>) -> usize {
    let (database, mut all) = (Database::from(pool.clone()), 0);
    loop {
        match order::end_due(&database, &TERMS, now).await.unwrap() {
            0 => return all,
            ended => all += ended,
        }
    }
}

/// Time at which the end of a new reservation is announced.
fn announced() -> DateTime<Utc> {
    clock::now() + TERMS.ttl - TERMS.warning + TimeDelta::seconds(1)
}

/// Time at which a new reservation ends.
fn ended() -> DateTime<Utc> {
    clock::now() + TERMS.ttl + TERMS.extension + TimeDelta::seconds(1)
}

/// Lets all reservations expire. Returns their number.
async fn expire_all(pool: &PgPool) -> usize {
    sweep(pool, announced()).await;
    sweep(pool, ended()).await
}

#[tokio::test]
async fn an_order_gets_all_lines_at_the_price_of_the_catalogue() {
    let pool = pool_with(&[("A", 5), ("B", 5)]).await;
    let order_id = OrderId::generate();
    handle(&pool, &placed(order_id, &[("B", 1), ("A", 2)])).await;
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[3, 2, 0], [4, 1, 0]]);
    let event = unpublished(&pool).await.pop().unwrap();
    let Event::StockReserved(reserved) = event.event else { panic!("{event:?}") };
    assert_eq!((reserved.order_id, event.sequence), (order_id, 1));
    let lines: Vec<_> =
        reserved.lines.iter().map(|line| (line.sku.as_str(), line.quantity, line.unit_price.minor)).collect();
    assert_eq!(lines, [("A", 2, 500), ("B", 1, 500)]);
    assert!(reserved.expires_at > clock::now());
}

#[tokio::test]
async fn an_order_gets_no_line_if_any_is_short() {
    let pool = pool_with(&[("A", 5), ("B", 1)]).await;
    handle(&pool, &placed(OrderId::generate(), &[("A", 2), ("B", 2), ("UNKNOWN", 1)])).await;
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[5, 0, 0], [1, 0, 0]]);
    let event = unpublished(&pool).await.pop().unwrap();
    let Event::StockRejected(rejected) = event.event else { panic!("{event:?}") };
    let shortages: Vec<_> =
        rejected.shortages.iter().map(|line| (line.sku.as_str(), line.requested, line.available)).collect();
    assert_eq!(shortages, [("B", 2, 1), ("UNKNOWN", 1, 0)]);
}

#[tokio::test]
async fn products_that_are_not_for_sale_are_not_reserved() {
    let pool = pool_with(&[("A", 5)]).await;
    sqlx::query("update products set for_sale = false").execute(&pool).await.unwrap();
    handle(&pool, &placed(OrderId::generate(), &[("A", 1)])).await;
    assert_eq!(outcomes(&pool).await, ["stock_rejected"]);
}

#[tokio::test]
async fn confirmed_stock_is_sold_and_cancelled_stock_is_available_again() {
    let pool = pool_with(&[("A", 5)]).await;
    let lines = [("A", 2)];
    let [confirmed_one, cancelled_one, rejected_one] = [(); 3].map(|()| OrderId::generate());
    for order_id in [confirmed_one, cancelled_one] {
        handle(&pool, &placed(order_id, &lines)).await;
    }
    handle(&pool, &confirmed(confirmed_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [1, 2, 2]);
    handle(&pool, &cancelled(cancelled_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [3, 0, 2]);
    handle(&pool, &placed(rejected_one, &lines)).await;
    handle(&pool, &rejected(rejected_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [3, 0, 2]);
    handle(&pool, &cancelled(confirmed_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [5, 0, 0]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
    let reserved = "stock_reserved";
    assert_eq!(outcomes(&pool).await, [reserved, reserved, reserved, "stock_returned"]);
}

#[tokio::test]
async fn fifty_of_two_hundred_concurrent_orders_get_the_last_fifty_pieces() {
    let pool = pool_with(&[("HOT", 50)]).await;
    let orders: Vec<_> = (0..200).map(|_| placed(OrderId::generate(), &[("HOT", 1)])).collect();
    at_once(orders.iter().map(|order| handle(&pool, order))).await;
    assert_eq!(stock(&pool, "HOT").await, [0, 50, 0]);
    let outcomes = outcomes(&pool).await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "stock_reserved").count(), 50);
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "stock_rejected").count(), 150);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_shortage_has_fewer_available_than_requested_pieces() {
    let pool = pool_with(&[("A", 3), ("B", 40)]).await;
    let orders: Vec<_> = (0..60).map(|_| placed(OrderId::generate(), &[("A", 1), ("B", 1)])).collect();
    at_once(orders.iter().map(|order| handle(&pool, order))).await;
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[0, 3, 0], [37, 3, 0]]);
    for envelope in unpublished(&pool).await {
        if let Event::StockRejected(rejected) = envelope.event {
            assert!(!rejected.shortages.is_empty());
            assert!(rejected.shortages.iter().all(|line| line.available < line.requested), "{rejected:?}");
        }
    }
}

#[tokio::test]
async fn concurrent_orders_of_the_same_skus_never_deadlock() {
    let pool = pool_with(&[("A", 500), ("B", 500), ("C", 500), ("D", 500)]).await;
    let stop = AtomicBool::new(false);
    // I4: in every sample, no column is negative, and the sum of pieces is constant.
    let sample = async {
        let mut samples = 0;
        while !stop.load(Ordering::Relaxed) || samples == 0 {
            let sums: Vec<(String, i32, i32, i32)> =
                sqlx::query_as("select sku, available, reserved, sold from stock").fetch_all(&pool).await.unwrap();
            for (sku, available, reserved, sold) in sums {
                assert!(available >= 0 && reserved >= 0 && sold >= 0, "{sku}");
                assert_eq!(available + reserved + sold, 500, "{sku}");
            }
            assert_eq!(inconsistent(&pool).await, [""; 0]);
            samples += 1;
        }
    };
    let work = async {
        let orders = (0..120).map(|n| {
            let pool = &pool;
            async move {
                let mut lines = vec![("A", 1), ("B", 2), ("C", 1), ("D", 3)];
                lines.rotate_left(n % 4);
                lines.truncate(2 + n % 3);
                let order_id = OrderId::generate();
                let placed = placed(order_id, &lines);
                let end = match n % 3 {
                    0 => confirmed(order_id, &lines),
                    1 => cancelled(order_id, &lines),
                    _ => rejected(order_id, &lines),
                };
                // Concurrently: the newer event decides, whichever is handled first.
                tokio::join!(handle(pool, &placed), handle(pool, &end));
                if n % 6 == 0 {
                    handle(pool, &cancelled(order_id, &lines)).await;
                }
            }
        });
        at_once(orders).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(sample, work);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
    let reserved: i64 = sqlx::query_scalar("select sum(reserved) from stock").fetch_one(&pool).await.unwrap();
    assert_eq!(reserved, 0);
}

/// All permutations of three events.
const PERMUTATIONS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[tokio::test]
async fn repeated_deliveries_in_any_order_lead_to_the_same_state() {
    let pool = pool_with(&[("A", 1000), ("B", 1000)]).await;
    let lines = [("A", 2), ("B", 1)];
    for permutation in PERMUTATIONS {
        for events in 1..=3 {
            let order_id = OrderId::generate();
            let history = [placed(order_id, &lines), confirmed(order_id, &lines), cancelled(order_id, &lines)];
            for _ in 0..10 {
                for n in permutation.into_iter().filter(|n| *n < events) {
                    handle(&pool, &history[n]).await;
                }
            }
            let state: String = sqlx::query_scalar("select state from reservations where order_id = $1")
                .bind(order_id.as_uuid())
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(state, ["reserved", "committed", "released"][events - 1], "{permutation:?}");
        }
    }
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[976, 12, 12], [988, 6, 6]]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn concurrent_deliveries_have_one_effect() {
    let pool = pool_with(&[("A", 10)]).await;
    let lines = [("A", 2)];
    let order_id = OrderId::generate();
    let history = [placed(order_id, &lines), confirmed(order_id, &lines)];
    at_once((0..20).map(|n| handle(&pool, &history[n % 2]))).await;
    assert_eq!(stock(&pool, "A").await, [8, 0, 2]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn the_same_sequence_with_another_event_id_changes_nothing() {
    let pool = pool_with(&[("A", 10)]).await;
    let first = placed(OrderId::generate(), &[("A", 2)]);
    let again = Envelope { id: EventId::generate(), ..first.clone() };
    handle(&pool, &first).await;
    handle(&pool, &again).await;
    assert_eq!(stock(&pool, "A").await, [8, 2, 0]);
    assert_eq!(outcomes(&pool).await, ["stock_reserved"]);
}

#[tokio::test]
async fn a_reservation_expires_in_time_and_is_announced() {
    let pool = pool_with(&[("A", 10)]).await;
    let order_id = OrderId::generate();
    handle(&pool, &placed(order_id, &[("A", 2)])).await;
    assert_eq!(sweep(&pool, clock::now()).await, 0);
    assert_eq!(sweep(&pool, announced()).await, 1);
    assert_eq!(sweep(&pool, announced() + TERMS.extension).await, 0, "once");
    assert_eq!(stock(&pool, "A").await, [8, 2, 0]);
    assert_eq!(sweep(&pool, ended()).await, 1);
    assert_eq!(stock(&pool, "A").await, [10, 0, 0]);
    assert_eq!(outcomes(&pool).await, ["stock_reserved", "reservation_expiring", "reservation_expired"]);
    let [.., reserved, expiring, expired] = &unpublished(&pool).await[..] else { panic!("three events") };
    assert_eq!([reserved.sequence, expiring.sequence, expired.sequence], [1, 2, 3]);
    let (Event::StockReserved(reserved), Event::ReservationExpiring(expiring)) = (&reserved.event, &expiring.event)
    else {
        panic!("{reserved:?}, {expiring:?}")
    };
    assert_eq!(expiring.expires_at, reserved.expires_at + TERMS.extension);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_confirmed_reservation_never_expires() {
    let pool = pool_with(&[("A", 10)]).await;
    let order_id = OrderId::generate();
    handle(&pool, &placed(order_id, &[("A", 2)])).await;
    handle(&pool, &confirmed(order_id, &[("A", 2)])).await;
    assert_eq!(expire_all(&pool).await, 0);
    assert_eq!(stock(&pool, "A").await, [8, 0, 2]);
}

#[tokio::test]
async fn concurrent_sweeps_announce_and_release_each_reservation_once() {
    let pool = pool_with(&[("A", 200), ("B", 200)]).await;
    for n in 0..120 {
        let lines = if n % 2 == 0 { [("A", 1), ("B", 1)] } else { [("B", 1), ("A", 1)] };
        handle(&pool, &placed(OrderId::generate(), &lines)).await;
    }
    for (now, kind) in [(announced(), "expiring"), (ended(), "expired")] {
        let ended = join_all((0..8).map(|_| sweep(&pool, now))).await;
        assert_eq!(ended.iter().sum::<usize>(), 120, "{kind}");
        let outcomes = outcomes(&pool).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.ends_with(kind)).count(), 120);
    }
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[200, 0, 0]; 2]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_late_confirmation_takes_the_stock_again_if_it_is_available() {
    let pool = pool_with(&[("A", 2)]).await;
    let order_id = OrderId::generate();
    handle(&pool, &placed(order_id, &[("A", 2)])).await;
    expire_all(&pool).await;
    // Delisted meanwhile: the order was placed in time and gets its pieces.
    sqlx::query("update products set for_sale = false").execute(&pool).await.unwrap();
    handle(&pool, &confirmed(order_id, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [0, 0, 2]);
    assert_eq!(outcomes(&pool).await, ["stock_reserved", "reservation_expiring", "reservation_expired"]);
    handle(&pool, &cancelled(order_id, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [2, 0, 0]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_late_confirmation_is_rejected_if_another_order_took_the_stock() {
    let pool = pool_with(&[("A", 2)]).await;
    let (late, quick) = (OrderId::generate(), OrderId::generate());
    handle(&pool, &placed(late, &[("A", 2)])).await;
    expire_all(&pool).await;
    handle(&pool, &placed(quick, &[("A", 1)])).await;
    handle(&pool, &confirmed(late, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [1, 1, 0]);
    let last = unpublished(&pool).await.pop().unwrap();
    let Event::StockRejected(rejected) = last.event else { panic!("{last:?}") };
    assert_eq!((rejected.order_id, rejected.shortages[0].available), (late, 1));
    handle(&pool, &cancelled(late, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [1, 1, 0]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn invalid_lines_are_an_error_and_change_nothing() {
    let pool = pool_with(&[("A", 2)]).await;
    for lines in [&[][..], &[("A", 0)], &[("A", u32::MAX)]] {
        let database = Database::from(pool.clone());
        let result = order::handle(&database, &placed(OrderId::generate(), lines), &TERMS, clock::now()).await;
        assert!(matches!(result, Err(Error::InvalidLines(_))), "{result:?}");
    }
    assert_eq!(stock(&pool, "A").await, [2, 0, 0]);
    let reservations: i64 = sqlx::query_scalar("select count(*) from reservations").fetch_one(&pool).await.unwrap();
    assert_eq!(reservations, 0);
}
