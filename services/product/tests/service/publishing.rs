//! From the outbox to the topic.

use std::collections::BTreeSet;

use contracts::OrderId;
use product::{
    clock,
    events::order,
    events::publisher::{Notifier, Publisher},
};
use sqlx::PgPool;
use stack::testing::eventually;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::support::{Place, SOON, placed, product, stock_up, waiting};

fn publish(place: &Place, topic_arn: &str) -> DropGuard {
    let publisher = Publisher {
        sns: aws_sdk_sns::Client::new(&place.sdk),
        topic_arn: topic_arn.to_owned(),
        pool: place.pool.clone(),
        notifier: Notifier::default(),
    };
    let shutdown = CancellationToken::new();
    tokio::spawn(publisher.run(shutdown.clone()));
    shutdown.drop_guard()
}

async fn place_orders(place: &Place, orders: usize) {
    for _ in 0..orders {
        let order = placed(OrderId::generate(), &[("ASSAM", 1)]);
        order::handle(&place.pool, &order, place.config.reservation_ttl, clock::now()).await.unwrap();
    }
}

async fn until_published(pool: &PgPool) {
    eventually("the outbox is empty", SOON, async || waiting(pool).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_was_committed_before_a_crash_is_published_after_it() {
    let place = Place::new().await;
    stock_up(&place.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    place_orders(&place, 25).await;
    assert_eq!(waiting(&place.pool).await.len(), 26);
    assert!(place.topic.published().await.is_empty());

    let _publisher = publish(&place, &place.topic.arn);
    let events = place.topic.published_at_least(26, SOON).await;
    assert_eq!(events.len(), 26);
    until_published(&place.pool).await;
}

#[tokio::test]
async fn several_publishers_publish_each_event_once() {
    let place = Place::new().await;
    stock_up(&place.pool, &[product("assam", "Assam", &[("ASSAM", 500, 500)])]).await;
    let _publishers = [(); 3].map(|()| publish(&place, &place.topic.arn));
    place_orders(&place, 60).await;
    let events = place.topic.published_at_least(61, SOON).await;
    until_published(&place.pool).await;
    let events = if events.len() == 61 { place.topic.published().await } else { events };
    assert_eq!(events.len(), 61);
    assert_eq!(events.iter().map(|envelope| envelope.id).collect::<BTreeSet<_>>().len(), 61);
}

#[tokio::test]
async fn an_event_that_the_topic_refuses_waits_and_is_not_lost() {
    let place = Place::new().await;
    stock_up(&place.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    {
        let _publisher = publish(&place, &format!("{}-that-is-not-there", place.topic.arn));
        eventually("publishing was tried", SOON, async || {
            let attempts: i32 =
                sqlx::query_scalar("select max(attempts) from outbox").fetch_one(&place.pool).await.unwrap();
            (attempts > 0).then_some(())
        })
        .await;
    }
    assert_eq!(waiting(&place.pool).await.len(), 1);
    let _publisher = publish(&place, &place.topic.arn);
    place.topic.published_at_least(1, SOON).await;
    until_published(&place.pool).await;
}

#[tokio::test]
async fn a_rolled_back_change_publishes_nothing() {
    let place = Place::new().await;
    stock_up(&place.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    let before = waiting(&place.pool).await.len();
    let order = placed(OrderId::generate(), &[("ASSAM", 1)]);
    // The transaction fails at its end: the reservation's row cannot be written.
    sqlx::query("alter table reservations add constraint never check (false) not valid")
        .execute(&place.pool)
        .await
        .unwrap();
    order::handle(&place.pool, &order, place.config.reservation_ttl, clock::now()).await.unwrap_err();
    assert_eq!(waiting(&place.pool).await.len(), before);
    sqlx::query("alter table reservations drop constraint never").execute(&place.pool).await.unwrap();
    order::handle(&place.pool, &order, place.config.reservation_ttl, clock::now()).await.unwrap();
    assert_eq!(waiting(&place.pool).await.len(), before + 1);
}
