//! Number of SQL statements: the load of the database, and of the wait for it.

use contracts::OrderId;
use product::{
    clock,
    events::{
        order,
        publisher::{Notifier, Publisher},
    },
    store::{self, Database, Use},
};

use super::{
    proxy::Proxy,
    support::{Environment, confirmed, placed, product, stock_up},
};

#[tokio::test]
async fn a_confirmed_order_costs_thirteen_statements() {
    let mut environment = Environment::new().await;
    stock_up(&environment.pool, &[product("a", "A", &[("A", 500, 5)])]).await;
    sqlx::query("delete from outbox").execute(&environment.pool).await.unwrap();
    let proxy = Proxy::start(&mut environment).await;
    let database = Database::from(store::connect(&environment.config.database.url, Use::Tasks).unwrap());
    let publisher = Publisher {
        sns: aws_sdk_sns::Client::new(&environment.sdk),
        topic_arn: environment.topic.arn.clone(),
        database: database.clone(),
        notifier: Notifier::default(),
    };
    let (order_id, terms) = (OrderId::generate(), environment.config.terms());
    // Begin, lock, take, save with the event, commit.
    assert!(order::handle(&database, &placed(order_id, &[("A", 1)]), &terms, clock::now()).await.unwrap());
    assert_eq!(proxy.statements(), 5);
    // Begin, claim, commit.
    publisher.publish_some().await.unwrap();
    assert_eq!(proxy.statements(), 3);
    // Begin, lock, move, save, commit. There is no event, so the publisher is not notified.
    assert!(!order::handle(&database, &confirmed(order_id, &[("A", 1)]), &terms, clock::now()).await.unwrap());
    assert_eq!(proxy.statements(), 5);
    // A redelivery: begin, lock, commit.
    order::handle(&database, &confirmed(order_id, &[("A", 1)]), &terms, clock::now()).await.unwrap();
    assert_eq!(proxy.statements(), 3);
}
