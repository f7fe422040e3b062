//! Messages that are lost: repeated requests are answered again, the end of a reservation is announced, and the end of
//! its order is asked for.

use chrono::TimeDelta;
use contracts::{Envelope, Event, EventId, OrderId};
use product::{Terms, clock, events::order, store::Database};
use sqlx::PgPool;

use super::support::{
    Environment, cancelled, confirmed, inconsistent, outcomes, placed, product, stock, stock_up, unpublished,
};

const TERMS: Terms =
    Terms { ttl: TimeDelta::minutes(15), warning: TimeDelta::minutes(2), extension: TimeDelta::minutes(5) };

async fn pool_with(pieces: u16) -> PgPool {
    let Environment { pool, .. } = Environment::new().await;
    stock_up(&pool, &[product("a", "A", &[("A", 500, pieces)])]).await;
    pool
}

/// Returns true if there is an event to publish.
async fn handle(pool: &PgPool, envelope: &Envelope) -> bool {
    order::handle(&Database::from(pool.clone()), envelope, &TERMS, clock::now()).await.unwrap()
}

/// Returns the same request, repeated by the order at this version.
fn repeated(envelope: &Envelope, sequence: u64) -> Envelope {
    Envelope { id: EventId::generate(), sequence, ..envelope.clone() }
}

async fn last(pool: &PgPool) -> Event {
    unpublished(pool).await.pop().unwrap().event
}

async fn sweep(pool: &PgPool, after: TimeDelta) {
    order::end_due(&Database::from(pool.clone()), &TERMS, clock::now() + after).await.unwrap();
}

/// Returns the number of questions about the ends of orders that are asked `after` this time.
async fn ask(pool: &PgPool, after: TimeDelta) -> usize {
    order::ask_due(&Database::from(pool.clone()), &TERMS, clock::now() + after).await.unwrap()
}

async fn set(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_lost_confirmation_is_asked_for_and_sells_the_stock_once() {
    let pool = pool_with(2).await;
    let (first, second) = (OrderId::generate(), OrderId::generate());
    handle(&pool, &placed(first, &[("A", 2)])).await;
    // The confirmation is lost. Two minutes before the end, product asks for it.
    let lost = confirmed(first, &[("A", 2)]);
    sweep(&pool, TimeDelta::minutes(14)).await;
    assert!(matches!(last(&pool).await, Event::ReservationExpiring(_)));
    // The stock is still reserved when the reservation would have ended, and sold by the repeated confirmation.
    sweep(&pool, TimeDelta::minutes(16)).await;
    handle(&pool, &placed(second, &[("A", 1)])).await;
    assert!(matches!(last(&pool).await, Event::StockRejected(_)), "another order does not get it");
    handle(&pool, &repeated(&lost, 4)).await;
    assert_eq!(stock(&pool, "A").await, [0, 0, 2]);
    // The lost one arrives after all.
    handle(&pool, &lost).await;
    sweep(&pool, TimeDelta::hours(1)).await;
    assert_eq!(stock(&pool, "A").await, [0, 0, 2]);
    assert_eq!(outcomes(&pool).await, ["stock_reserved", "reservation_expiring", "stock_rejected"]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_repeated_order_gets_the_same_reservation_again() {
    let pool = pool_with(5).await;
    let order = placed(OrderId::generate(), &[("A", 2)]);
    handle(&pool, &order).await;
    let Event::StockReserved(answer) = last(&pool).await else { panic!("no answer") };
    set(&pool, "update variants set price_minor = 900").await;
    assert!(!handle(&pool, &order).await, "a redelivery is not answered");
    assert!(handle(&pool, &repeated(&order, 2)).await);
    assert_eq!(last(&pool).await, Event::StockReserved(answer.clone()));
    // A reservation of the previous version has no prices.
    set(&pool, "update reservation_lines set unit_price_minor = null, unit_price_currency = null").await;
    handle(&pool, &repeated(&order, 3)).await;
    let Event::StockReserved(again) = last(&pool).await else { panic!("no answer") };
    assert_eq!((again.reservation_id, again.lines[0].unit_price.minor), (answer.reservation_id, 900));
    assert_eq!(unpublished(&pool).await.last().unwrap().sequence, 3);
    assert_eq!(stock(&pool, "A").await, [3, 2, 0]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_repeated_order_is_rejected_again_for_the_same_shortages() {
    let pool = pool_with(1).await;
    let order = placed(OrderId::generate(), &[("A", 2)]);
    handle(&pool, &order).await;
    let answer = last(&pool).await;
    // Two answers that contradict each other could arrive in any order.
    set(&pool, "update stock set available = 50").await;
    assert!(handle(&pool, &repeated(&order, 2)).await);
    assert_eq!(last(&pool).await, answer);
    // The previous version did not store them.
    set(&pool, "update reservations set shortages = null").await;
    assert!(!handle(&pool, &repeated(&order, 3)).await);
    assert_eq!(outcomes(&pool).await, ["stock_rejected"; 2]);
}

#[tokio::test]
async fn the_return_of_sold_stock_is_answered_as_often_as_it_is_requested() {
    let pool = pool_with(5).await;
    let order_id = OrderId::generate();
    let lines = [("A", 2)];
    handle(&pool, &placed(order_id, &lines)).await;
    handle(&pool, &confirmed(order_id, &lines)).await;
    let cancelled = cancelled(order_id, &lines);
    assert!(handle(&pool, &cancelled).await);
    assert!(!handle(&pool, &cancelled).await, "a redelivery is not answered");
    assert!(handle(&pool, &repeated(&cancelled, 5)).await);
    assert_eq!(outcomes(&pool).await, ["stock_reserved", "stock_returned", "stock_returned"]);
    assert_eq!(stock(&pool, "A").await, [5, 0, 0]);
}

#[tokio::test]
async fn the_return_is_answered_although_the_confirmation_was_lost() {
    let pool = pool_with(5).await;
    let order_id = OrderId::generate();
    handle(&pool, &placed(order_id, &[("A", 2)])).await;
    let cancelled = cancelled(order_id, &[("A", 2)]);
    assert!(!handle(&pool, &cancelled).await, "nothing was sold");
    assert!(handle(&pool, &repeated(&cancelled, 5)).await);
    assert!(matches!(last(&pool).await, Event::StockReturned(_)));
    assert_eq!(stock(&pool, "A").await, [5, 0, 0]);
}

#[tokio::test]
async fn an_order_whose_deadline_has_passed_leaves_a_tombstone_and_touches_no_stock() {
    let pool = pool_with(5).await;
    let mut late = placed(OrderId::generate(), &[("A", 2)]);
    let Event::OrderPlaced(order) = &mut late.event else { panic!("not placed") };
    order.deadline = Some(clock::now() - TimeDelta::seconds(1));
    assert!(!handle(&pool, &late).await, "no answer");
    assert_eq!(stock(&pool, "A").await, [5, 0, 0]);
    let movements: i64 =
        sqlx::query_scalar("select count(*) from movements where kind <> 'stocked'").fetch_one(&pool).await.unwrap();
    assert_eq!(movements, 0);
    let state: String = sqlx::query_scalar("select state from reservations").fetch_one(&pool).await.unwrap();
    assert_eq!(state, "released");
}

/// An order with two pieces whose reservation has expired, 20 minutes after it was placed.
async fn expired(pool: &PgPool) -> OrderId {
    let order_id = OrderId::generate();
    handle(pool, &placed(order_id, &[("A", 2)])).await;
    sweep(pool, TimeDelta::minutes(14)).await;
    sweep(pool, TimeDelta::minutes(20)).await;
    assert_eq!(outcomes(pool).await, ["stock_reserved", "reservation_expiring", "reservation_expired"]);
    order_id
}

#[tokio::test]
async fn a_confirmation_and_a_question_are_lost_and_the_next_question_sells_the_stock_once() {
    let pool = pool_with(2).await;
    // The confirmation is lost, and so are both questions that follow.
    let order_id = expired(&pool).await;
    let lost = confirmed(order_id, &[("A", 2)]);
    let first = unpublished(&pool).await.pop().unwrap();
    assert_eq!(ask(&pool, TimeDelta::minutes(24)).await, 0, "there is time for an answer");
    assert_eq!(ask(&pool, TimeDelta::minutes(26)).await, 1);
    let next = unpublished(&pool).await.pop().unwrap();
    assert!(matches!(next.event, Event::ReservationExpired(_)));
    assert_eq!((next.subject, next.sequence), (first.subject, first.sequence + 1));

    assert_eq!(stock(&pool, "A").await, [2, 0, 0]);
    handle(&pool, &repeated(&lost, 4)).await;
    assert_eq!(stock(&pool, "A").await, [0, 0, 2]);
    // The end is known: there are no more questions. The lost ones arrive after all.
    handle(&pool, &lost).await;
    handle(&pool, &repeated(&lost, 5)).await;
    sweep(&pool, TimeDelta::days(30)).await;
    assert_eq!(ask(&pool, TimeDelta::days(30)).await, 0);
    assert_eq!(stock(&pool, "A").await, [0, 0, 2]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_failed_retake_is_repeated_until_the_order_is_cancelled() {
    let pool = pool_with(2).await;
    let order_id = expired(&pool).await;
    let other = OrderId::generate();
    handle(&pool, &placed(other, &[("A", 1)])).await;
    handle(&pool, &confirmed(other, &[("A", 1)])).await;
    // The rejection of the confirmation is lost.
    let confirmation = confirmed(order_id, &[("A", 2)]);
    assert!(handle(&pool, &confirmation).await);
    assert!(matches!(last(&pool).await, Event::StockRejected(_)));
    assert_eq!(ask(&pool, TimeDelta::minutes(26)).await, 1);
    assert!(matches!(last(&pool).await, Event::ReservationExpired(_)));
    // It is given again.
    assert!(handle(&pool, &repeated(&confirmation, 4)).await);
    assert!(matches!(last(&pool).await, Event::StockRejected(_)));
    // The cancellation is lost as well, and asked for.
    assert_eq!(ask(&pool, TimeDelta::hours(1)).await, 1);
    handle(&pool, &repeated(&cancelled(order_id, &[("A", 2)]), 6)).await;
    assert_eq!(ask(&pool, TimeDelta::days(30)).await, 0);
    assert_eq!(stock(&pool, "A").await, [1, 0, 1]);
    assert_eq!(inconsistent(&pool).await, [""; 0]);
}

#[tokio::test]
async fn orders_of_the_previous_version_are_asked_too() {
    let pool = pool_with(2).await;
    // Its statements do not name the columns: it reserves, it expires what either version reserved, and it confirms.
    let reserve = "insert into reservations (order_id, id, state, order_sequence, version, expires_at, extended)
         select gen_random_uuid(), gen_random_uuid(), 'reserved', 1, 1, now() + interval '1 minute', true
         from generate_series(1, 3)";
    set(&pool, reserve).await;
    handle(&pool, &placed(OrderId::generate(), &[("A", 1)])).await;
    set(&pool, "update reservations set state = 'expired', expires_at = null, version = version + 1").await;
    set(
        &pool,
        "update reservations set state = 'committed' where order_id = (select order_id from reservations limit 1)",
    )
    .await;
    assert_eq!(ask(&pool, TimeDelta::minutes(21)).await, 3);
}

#[tokio::test]
async fn questions_are_asked_in_batches_that_wait_for_no_lock() {
    let pool = pool_with(2).await;
    set(
        &pool,
        "insert into reservations (order_id, id, state, order_sequence, version, ask_at)
         select gen_random_uuid(), gen_random_uuid(), 'expired', 1, 1, now() - n * interval '1 second'
         from generate_series(1, 120) as n",
    )
    .await;
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select from reservations order by ask_at limit 1 for update").execute(&mut *other).await.unwrap();
    // Two instances at the same time.
    let (one, another) = tokio::join!(ask(&pool, TimeDelta::zero()), ask(&pool, TimeDelta::zero()));
    assert_eq!([one, another, ask(&pool, TimeDelta::zero()).await], [50, 50, 19]);
    other.rollback().await.unwrap();
    assert_eq!(ask(&pool, TimeDelta::zero()).await, 1);
    let subjects: std::collections::BTreeSet<_> =
        unpublished(&pool).await.into_iter().map(|envelope| envelope.subject).collect();
    assert_eq!(subjects.len(), 121, "each order once, and the product");
}
