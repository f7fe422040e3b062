//! Publishing of the outbox to the topic.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Envelope, Event, EventId, OrderId, event::order::CatalogueRequested};
use product::{
    clock,
    events::order,
    events::publisher::{Notifier, Publisher},
    republish::{self, Step},
    store::Database,
};
use sqlx::PgPool;
use stack::testing::eventually;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::support::{Environment, SOON, placed, product, stock_up, unpublished};

fn publish(environment: &Environment, topic_arn: &str) -> DropGuard {
    let publisher = Publisher {
        sns: aws_sdk_sns::Client::new(&environment.sdk),
        topic_arn: topic_arn.to_owned(),
        database: environment.pool.clone().into(),
        notifier: Notifier::default(),
    };
    let shutdown = CancellationToken::new();
    tokio::spawn(publisher.run(shutdown.clone()));
    shutdown.drop_guard()
}

async fn place_orders(environment: &Environment, orders: usize) {
    let database = Database::from(environment.pool.clone());
    for _ in 0..orders {
        let order = placed(OrderId::generate(), &[("ASSAM", 1)]);
        order::handle(&database, &order, &environment.config.terms(), clock::now()).await.unwrap();
    }
}

async fn until_published(pool: &PgPool) {
    eventually("the outbox is empty", SOON, async || unpublished(pool).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn events_committed_before_a_crash_are_published_after_it() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    place_orders(&environment, 25).await;
    assert_eq!(unpublished(&environment.pool).await.len(), 26);
    assert!(environment.topic.published().await.is_empty());

    let _publisher = publish(&environment, &environment.topic.arn);
    let events = environment.topic.published_at_least(26, SOON).await;
    assert_eq!(events.len(), 26);
    until_published(&environment.pool).await;
}

#[tokio::test]
async fn several_publishers_publish_each_event_once() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 500)])]).await;
    let _publishers = [(); 3].map(|()| publish(&environment, &environment.topic.arn));
    place_orders(&environment, 60).await;
    let events = environment.topic.published_at_least(61, SOON).await;
    until_published(&environment.pool).await;
    let events = if events.len() == 61 { environment.topic.published().await } else { events };
    assert_eq!(events.len(), 61);
    assert_eq!(events.iter().map(|envelope| envelope.id).collect::<BTreeSet<_>>().len(), 61);
}

#[tokio::test]
async fn an_event_that_sns_rejects_is_kept_and_retried() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    {
        let _publisher = publish(&environment, &format!("{}-that-does-not-exist", environment.topic.arn));
        eventually("publishing was attempted", SOON, async || {
            let attempts: i32 =
                sqlx::query_scalar("select max(attempts) from outbox").fetch_one(&environment.pool).await.unwrap();
            (attempts > 0).then_some(())
        })
        .await;
    }
    assert_eq!(unpublished(&environment.pool).await.len(), 1);
    let _publisher = publish(&environment, &environment.topic.arn);
    environment.topic.published_at_least(1, SOON).await;
    until_published(&environment.pool).await;
}

#[tokio::test]
async fn a_rolled_back_change_publishes_nothing() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    let before = unpublished(&environment.pool).await.len();
    let order = placed(OrderId::generate(), &[("ASSAM", 1)]);
    // The transaction fails late: the reservation cannot be written.
    sqlx::query("alter table reservations add constraint never check (false) not valid")
        .execute(&environment.pool)
        .await
        .unwrap();
    let database = Database::from(environment.pool.clone());
    order::handle(&database, &order, &environment.config.terms(), clock::now()).await.unwrap_err();
    assert_eq!(unpublished(&environment.pool).await.len(), before);
    sqlx::query("alter table reservations drop constraint never").execute(&environment.pool).await.unwrap();
    order::handle(&database, &order, &environment.config.terms(), clock::now()).await.unwrap();
    assert_eq!(unpublished(&environment.pool).await.len(), before + 1);
}

#[tokio::test]
async fn an_event_that_sns_refuses_for_good_is_parked_and_blocks_no_other() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    // Longer than SNS accepts.
    sqlx::query("insert into outbox (event_type, event) values ('shop.product.changed.v1', repeat('x', 300000))")
        .execute(&environment.pool)
        .await
        .unwrap();
    place_orders(&environment, 3).await;
    let _publisher = publish(&environment, &environment.topic.arn);
    environment.topic.published_at_least(4, SOON).await;
    let parked = async || {
        let rows: Vec<(i32, i32)> = sqlx::query_as(
            "select length(event), attempts from outbox where parked_at is not null and due_at = 'infinity'",
        )
        .fetch_all(&environment.pool)
        .await
        .unwrap();
        (rows == [(300_000, 1)]).then_some(())
    };
    eventually("the event is parked", SOON, parked).await;
    let waiting: i64 = sqlx::query_scalar("select count(*) from outbox").fetch_one(&environment.pool).await.unwrap();
    assert_eq!(waiting, 1);
}

#[tokio::test]
async fn a_consumer_without_a_read_model_gets_every_product_again() {
    // More than a batch.
    let products: Vec<_> =
        (0..600).map(|n| product(&format!("tea-{n}"), "Tea", &[(&format!("TEA-{n}"), 500, 1)])).collect();
    let environment = Environment::new().await;
    stock_up(&environment.pool, &products).await;
    sqlx::query("update products set version = 7 where slug = 'tea-3'").execute(&environment.pool).await.unwrap();
    let first = unpublished(&environment.pool).await;
    sqlx::query("delete from outbox").execute(&environment.pool).await.unwrap();

    let service = environment.start().await;
    let event = Event::CatalogueRequested(CatalogueRequested { requested_at: clock::now() });
    let request = Envelope::new(EventId::generate(), "catalogue", 1, clock::now(), event);
    service.environment.deliver(&request).await;
    let events = service.environment.topic.published_at_least(600, SOON * 2).await;
    let snapshots = |events: Vec<Envelope>| -> BTreeMap<_, _> {
        events.into_iter().map(|envelope| (envelope.subject, format!("{:?}", envelope.event))).collect()
    };
    assert_eq!(events.iter().filter(|envelope| envelope.sequence == 7).count(), 1);
    assert_eq!(snapshots(events), snapshots(first));
}

#[tokio::test]
async fn a_large_catalogue_is_published_again_in_steps_that_leave_room_for_other_events() {
    let environment = Environment::new().await;
    let (pool, database) = (&environment.pool, Database::from(environment.pool.clone()));
    let product = |n| product(&format!("tea-{n}"), "Tea", &[(&format!("TEA-{n}"), 500, 1)]);
    stock_up(pool, &(0..1_200).map(product).collect::<Vec<_>>()).await;
    sqlx::query("delete from outbox").execute(pool).await.unwrap();
    let waiting = async || unpublished(pool).await.len();
    let step = async || republish::step(&database, clock::now()).await.unwrap();
    assert_eq!(step().await, Step::Idle, "there is no request");

    // The request itself costs the same for any number of products.
    republish::request(&database, clock::now()).await.unwrap();
    assert_eq!(waiting().await, 0);
    assert_eq!(step().await, Step::Announced);
    assert_eq!((step().await, waiting().await), (Step::Busy, republish::BATCH), "the topic does not accept events");

    // Half a batch is published: the next one waits for the other half.
    let publish = "delete from outbox where id in (select id from outbox limit 250)";
    sqlx::query(publish).execute(pool).await.unwrap();
    let mut products: BTreeSet<_> = unpublished(pool).await.into_iter().map(|envelope| envelope.subject).collect();
    assert_eq!(step().await, Step::Announced);
    assert_eq!((step().await, waiting().await), (Step::Busy, 750));
    // Another request starts again, because its consumer may have lost the first batches.
    republish::request(&database, clock::now()).await.unwrap();
    products.clear();
    for expected in [Step::Announced, Step::Announced, Step::Finished, Step::Idle] {
        sqlx::query("delete from outbox").execute(pool).await.unwrap();
        assert_eq!(step().await, expected);
        products.extend(unpublished(pool).await.into_iter().map(|envelope| envelope.subject));
    }
    assert_eq!(products.len(), 1_200);
}

#[tokio::test]
async fn a_step_that_another_process_works_on_is_not_repeated_and_one_that_fails_is() {
    let environment = Environment::new().await;
    let (pool, database) = (&environment.pool, Database::from(environment.pool.clone()));
    stock_up(pool, &[product("assam", "Assam", &[("ASSAM", 500, 1)])]).await;
    sqlx::query("delete from outbox").execute(pool).await.unwrap();
    republish::request(&database, clock::now()).await.unwrap();
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select from republication for update").execute(&mut *other).await.unwrap();
    assert_eq!(republish::step(&database, clock::now()).await.unwrap(), Step::Idle);
    // The other process has a crash.
    other.rollback().await.unwrap();
    assert_eq!(republish::step(&database, clock::now()).await.unwrap(), Step::Finished);
    assert_eq!(unpublished(pool).await.len(), 1);
}
