//! The sweep: retention, and the line that alarms are based on.

use serde_json::json;
use sqlx::PgPool;
use stack::testing::eventually;

use super::support::{Environment, SOON, product, stock_up};

async fn keys(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from idempotency_keys").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn old_keys_are_deleted_in_batches_that_wait_for_no_lock() {
    let environment = Environment::new().await;
    let pool = &environment.pool;
    sqlx::query(
        "insert into idempotency_keys (user_id, key, request, status, body, created_at)
         select gen_random_uuid(), n::text, '{}', 201, '{}', now() - n * interval '1 hour'
         from generate_series(0, 2600) as n",
    )
    .execute(pool)
    .await
    .unwrap();
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select from idempotency_keys where key = '2000' for update").execute(&mut *other).await.unwrap();
    let process = environment.start_process(&[("SWEEP_INTERVAL_SECONDS", "1")]);
    // The newest 24 hours, and the one that is locked.
    eventually("old keys are deleted", SOON, async || (keys(pool).await == 25).then_some(())).await;
    other.rollback().await.unwrap();
    eventually("the last old key is deleted", SOON, async || (keys(pool).await == 24).then_some(())).await;
    drop(process);
}

#[tokio::test]
async fn the_age_of_what_waits_is_logged() {
    let environment = Environment::new().await;
    let pool = &environment.pool;
    stock_up(pool, &[product("assam", "Assam", &[("ASSAM", 500, 1)])]).await;
    for statement in [
        "update outbox set created_at = now() - interval '100 seconds'",
        "insert into outbox (event_type, event, due_at, parked_at) values ('a', 'b', 'infinity', now())",
        "update stock set available = 0, reserved = 1",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    // An order does not answer.
    sqlx::query(
        "insert into reservations (order_id, id, state, order_sequence, version, ask_at, asked)
         select gen_random_uuid(), gen_random_uuid(), 'expired', 1, 1, now() + (asked - 5) * interval '1 day', asked
         from unnest('{4, 5, 6}'::integer[]) as asked",
    )
    .execute(pool)
    .await
    .unwrap();
    // A sweep cannot release stock that is locked. It logs the rest all the same.
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select from stock for no key update").execute(&mut *other).await.unwrap();
    sqlx::query(
        "with expired as (
             insert into reservations (order_id, id, state, order_sequence, version, expires_at, extended)
             values (gen_random_uuid(), gen_random_uuid(), 'reserved', 1, 1, now() - interval '200 seconds', true)
             returning order_id
         ) insert into reservation_lines (order_id, sku, quantity) select order_id, 'ASSAM', 1 from expired",
    )
    .execute(pool)
    .await
    .unwrap();
    let topic = format!("{}-that-does-not-exist", environment.topic.arn);
    let process = environment.start_process(&[("SWEEP_INTERVAL_SECONDS", "1"), ("PRODUCT_EVENTS_TOPIC_ARN", &topic)]);
    let silent = process.line("order does not answer", |_| true).await;
    assert_eq!((&silent["level"], &silent["asked"]), (&json!("WARN"), &json!(5)));
    let line = process.line("swept", |line| line["unanswered_orders"] == 2).await;
    assert_eq!((&line["target"], &line["parked_events"]), (&json!("product::events::sweep"), &json!(1)));
    let seconds = |field: &str| line[field].as_i64().unwrap();
    assert!((100..200).contains(&seconds("oldest_outbox_seconds")), "{line}");
    assert!((200..300).contains(&seconds("oldest_expired_seconds")), "{line}");

    other.rollback().await.unwrap();
    process.line("swept", |line| line["oldest_expired_seconds"] == 0).await;
}
