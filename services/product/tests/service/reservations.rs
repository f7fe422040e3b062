//! Orders' events on the real store, without a queue.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Envelope, Event, EventId, OrderId};
use futures::future::join_all;
use product::{Error, clock, events::order};
use sqlx::PgPool;

use super::support::{
    Place, answers, cancelled, confirmed, inconsistent, placed, product, rejected, stock, stock_up, waiting,
};

const TTL: TimeDelta = TimeDelta::minutes(15);

async fn pool_with(skus: &[(&str, u16)]) -> PgPool {
    let Place { pool, .. } = Place::new().await;
    let products: Vec<_> =
        skus.iter().map(|(sku, pieces)| product(&sku.to_lowercase(), sku, &[(sku, 500, *pieces)])).collect();
    stock_up(&pool, &products).await;
    pool
}

async fn hear(pool: &PgPool, envelope: &Envelope) {
    order::handle(pool, envelope, TTL, clock::now()).await.unwrap();
}

async fn expire_all(pool: &PgPool, now: DateTime<Utc>) -> usize {
    let mut expired = 0;
    while order::expire_one(pool, now).await.unwrap() {
        expired += 1;
    }
    expired
}

fn later() -> DateTime<Utc> {
    clock::now() + TTL + TimeDelta::seconds(1)
}

#[tokio::test]
async fn an_order_gets_all_its_lines_at_the_authoritative_price() {
    let pool = pool_with(&[("A", 5), ("B", 5)]).await;
    let order_id = OrderId::generate();
    hear(&pool, &placed(order_id, &[("B", 1), ("A", 2)])).await;
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[3, 2, 0], [4, 1, 0]]);
    let event = waiting(&pool).await.pop().unwrap();
    let Event::StockReserved(reserved) = event.event else { panic!("{event:?}") };
    assert_eq!((reserved.order_id, event.sequence), (order_id, 1));
    let lines: Vec<_> =
        reserved.lines.iter().map(|line| (line.sku.as_str(), line.quantity, line.unit_price.minor)).collect();
    assert_eq!(lines, [("A", 2, 500), ("B", 1, 500)]);
    assert!(reserved.expires_at > clock::now());
}

#[tokio::test]
async fn an_order_gets_nothing_if_anything_is_missing() {
    let pool = pool_with(&[("A", 5), ("B", 1)]).await;
    hear(&pool, &placed(OrderId::generate(), &[("A", 2), ("B", 2), ("UNKNOWN", 1)])).await;
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[5, 0, 0], [1, 0, 0]]);
    let event = waiting(&pool).await.pop().unwrap();
    let Event::StockRejected(rejected) = event.event else { panic!("{event:?}") };
    let shortages: Vec<_> =
        rejected.shortages.iter().map(|line| (line.sku.as_str(), line.requested, line.available)).collect();
    assert_eq!(shortages, [("B", 2, 1), ("UNKNOWN", 1, 0)]);
}

#[tokio::test]
async fn what_is_not_for_sale_is_not_reserved() {
    let pool = pool_with(&[("A", 5)]).await;
    sqlx::query("update products set for_sale = false").execute(&pool).await.unwrap();
    hear(&pool, &placed(OrderId::generate(), &[("A", 1)])).await;
    assert_eq!(answers(&pool).await, ["stock_rejected"]);
}

#[tokio::test]
async fn confirmed_stock_is_sold_and_cancelled_stock_comes_back() {
    let pool = pool_with(&[("A", 5)]).await;
    let lines = [("A", 2)];
    let [confirmed_one, cancelled_one, rejected_one] = [(); 3].map(|()| OrderId::generate());
    for order_id in [confirmed_one, cancelled_one] {
        hear(&pool, &placed(order_id, &lines)).await;
    }
    hear(&pool, &confirmed(confirmed_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [1, 2, 2]);
    hear(&pool, &cancelled(cancelled_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [3, 0, 2]);
    hear(&pool, &placed(rejected_one, &lines)).await;
    hear(&pool, &rejected(rejected_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [3, 0, 2]);
    hear(&pool, &cancelled(confirmed_one, &lines)).await;
    assert_eq!(stock(&pool, "A").await, [5, 0, 0]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
    assert_eq!(answers(&pool).await, ["stock_reserved"; 3]);
}

#[tokio::test]
async fn fifty_of_two_hundred_at_once_get_the_last_fifty_pieces() {
    let pool = pool_with(&[("HOT", 50)]).await;
    let orders: Vec<_> = (0..200).map(|_| placed(OrderId::generate(), &[("HOT", 1)])).collect();
    join_all(orders.iter().map(|order| hear(&pool, order))).await;
    assert_eq!(stock(&pool, "HOT").await, [0, 50, 0]);
    let answers = answers(&pool).await;
    assert_eq!(answers.iter().filter(|answer| *answer == "stock_reserved").count(), 50);
    assert_eq!(answers.iter().filter(|answer| *answer == "stock_rejected").count(), 150);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_shortage_is_never_as_large_as_the_wish() {
    let pool = pool_with(&[("A", 3), ("B", 40)]).await;
    let orders: Vec<_> = (0..60).map(|_| placed(OrderId::generate(), &[("A", 1), ("B", 1)])).collect();
    join_all(orders.iter().map(|order| hear(&pool, order))).await;
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[0, 3, 0], [37, 3, 0]]);
    for envelope in waiting(&pool).await {
        if let Event::StockRejected(rejected) = envelope.event {
            assert!(!rejected.shortages.is_empty());
            assert!(rejected.shortages.iter().all(|line| line.available < line.requested), "{rejected:?}");
        }
    }
}

#[tokio::test]
async fn orders_of_the_same_skus_in_any_order_never_wait_in_a_circle() {
    let pool = pool_with(&[("A", 500), ("B", 500), ("C", 500), ("D", 500)]).await;
    let stop = AtomicBool::new(false);
    // I4: at every sampled moment nothing is negative, and every piece is somewhere.
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
        let lives = (0..120).map(|n| {
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
                // Both at once: whichever comes first, the newer one decides.
                tokio::join!(hear(pool, &placed), hear(pool, &end));
                if n % 6 == 0 {
                    hear(pool, &cancelled(order_id, &lines)).await;
                }
            }
        });
        join_all(lives).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(sample, work);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
    let at_rest: i64 = sqlx::query_scalar("select sum(reserved) from stock").fetch_one(&pool).await.unwrap();
    assert_eq!(at_rest, 0);
}

/// All orders in which three events can arrive.
const PERMUTATIONS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[tokio::test]
async fn ten_deliveries_in_any_order_end_as_one_in_order() {
    let pool = pool_with(&[("A", 1000), ("B", 1000)]).await;
    let lines = [("A", 2), ("B", 1)];
    for permutation in PERMUTATIONS {
        for events in 1..=3 {
            let order_id = OrderId::generate();
            let history = [placed(order_id, &lines), confirmed(order_id, &lines), cancelled(order_id, &lines)];
            for _ in 0..10 {
                for n in permutation.into_iter().filter(|n| *n < events) {
                    hear(&pool, &history[n]).await;
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
async fn many_deliveries_at_once_have_one_effect() {
    let pool = pool_with(&[("A", 10)]).await;
    let lines = [("A", 2)];
    let order_id = OrderId::generate();
    let history = [placed(order_id, &lines), confirmed(order_id, &lines)];
    join_all((0..20).map(|n| hear(&pool, &history[n % 2]))).await;
    assert_eq!(stock(&pool, "A").await, [8, 0, 2]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn the_same_news_under_another_event_id_changes_nothing() {
    let pool = pool_with(&[("A", 10)]).await;
    let first = placed(OrderId::generate(), &[("A", 2)]);
    let again = Envelope { id: EventId::generate(), ..first.clone() };
    hear(&pool, &first).await;
    hear(&pool, &again).await;
    assert_eq!(stock(&pool, "A").await, [8, 2, 0]);
    assert_eq!(answers(&pool).await, ["stock_reserved"]);
}

#[tokio::test]
async fn a_reservation_expires_in_time_and_is_announced() {
    let pool = pool_with(&[("A", 10)]).await;
    let order_id = OrderId::generate();
    hear(&pool, &placed(order_id, &[("A", 2)])).await;
    assert_eq!(expire_all(&pool, clock::now()).await, 0);
    assert_eq!(expire_all(&pool, later()).await, 1);
    assert_eq!(stock(&pool, "A").await, [10, 0, 0]);
    assert_eq!(answers(&pool).await, ["stock_reserved", "reservation_expired"]);
    let event = waiting(&pool).await.pop().unwrap();
    assert_eq!(event.sequence, 2);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_confirmed_reservation_never_expires() {
    let pool = pool_with(&[("A", 10)]).await;
    let order_id = OrderId::generate();
    hear(&pool, &placed(order_id, &[("A", 2)])).await;
    hear(&pool, &confirmed(order_id, &[("A", 2)])).await;
    assert_eq!(expire_all(&pool, later()).await, 0);
    assert_eq!(stock(&pool, "A").await, [8, 0, 2]);
}

#[tokio::test]
async fn many_sweeps_at_once_take_each_reservation_back_once() {
    let pool = pool_with(&[("A", 100), ("B", 100)]).await;
    for n in 0..40 {
        let lines = if n % 2 == 0 { [("A", 1), ("B", 1)] } else { [("B", 1), ("A", 1)] };
        hear(&pool, &placed(OrderId::generate(), &lines)).await;
    }
    let expired = join_all((0..8).map(|_| expire_all(&pool, later()))).await;
    assert_eq!(expired.iter().sum::<usize>(), 40);
    assert_eq!([stock(&pool, "A").await, stock(&pool, "B").await], [[100, 0, 0]; 2]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_late_confirmation_takes_the_stock_again_if_it_is_there() {
    let pool = pool_with(&[("A", 2)]).await;
    let order_id = OrderId::generate();
    hear(&pool, &placed(order_id, &[("A", 2)])).await;
    expire_all(&pool, later()).await;
    // Taken off sale since: the order was placed in time, and gets it all the same.
    sqlx::query("update products set for_sale = false").execute(&pool).await.unwrap();
    hear(&pool, &confirmed(order_id, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [0, 0, 2]);
    assert_eq!(answers(&pool).await, ["stock_reserved", "reservation_expired"]);
    hear(&pool, &cancelled(order_id, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [2, 0, 0]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_late_confirmation_is_refused_if_the_stock_went_to_somebody_else() {
    let pool = pool_with(&[("A", 2)]).await;
    let (late, quick) = (OrderId::generate(), OrderId::generate());
    hear(&pool, &placed(late, &[("A", 2)])).await;
    expire_all(&pool, later()).await;
    hear(&pool, &placed(quick, &[("A", 1)])).await;
    hear(&pool, &confirmed(late, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [1, 1, 0]);
    let last = waiting(&pool).await.pop().unwrap();
    let Event::StockRejected(refusal) = last.event else { panic!("{last:?}") };
    assert_eq!((refusal.order_id, refusal.shortages[0].available), (late, 1));
    hear(&pool, &cancelled(late, &[("A", 2)])).await;
    assert_eq!(stock(&pool, "A").await, [1, 1, 0]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn an_order_that_nobody_can_have_placed_is_an_error_and_changes_nothing() {
    let pool = pool_with(&[("A", 2)]).await;
    for lines in [&[][..], &[("A", 0)], &[("A", u32::MAX)]] {
        let result = order::handle(&pool, &placed(OrderId::generate(), lines), TTL, clock::now()).await;
        assert!(matches!(result, Err(Error::InvalidLines(_))), "{result:?}");
    }
    assert_eq!(stock(&pool, "A").await, [2, 0, 0]);
    let marks: i64 = sqlx::query_scalar("select count(*) from inbox").fetch_one(&pool).await.unwrap();
    assert_eq!(marks, 0);
}
