//! Events of orders from the real queue.

use aws_sdk_sqs::types::QueueAttributeName;
use contracts::{Envelope, Event, OrderId, TraceContext};
use stack::testing::eventually;

use super::support::{Environment, SOON, Service, confirmed, inconsistent, placed, product, stock, stock_up};

async fn send(service: &Service, queue: &str, body: &str) {
    let sqs = aws_sdk_sqs::Client::new(&service.environment.sdk);
    sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
}

/// Number of messages in a queue, in flight or not.
async fn depth(service: &Service, queue: &str) -> usize {
    let sqs = aws_sdk_sqs::Client::new(&service.environment.sdk);
    let names =
        [QueueAttributeName::ApproximateNumberOfMessages, QueueAttributeName::ApproximateNumberOfMessagesNotVisible];
    let request = sqs.get_queue_attributes().queue_url(queue).set_attribute_names(Some(names.to_vec()));
    let attributes = request.send().await.unwrap().attributes.unwrap_or_default();
    names.iter().filter_map(|name| attributes.get(name)?.parse::<usize>().ok()).sum()
}

async fn until_empty(service: &Service) {
    let config = &service.environment.config;
    for queue in [&config.product_inbox_url, &config.product_reservations_url] {
        eventually("the queue is empty", SOON, async || (depth(service, queue).await == 0).then_some(())).await;
    }
}

#[tokio::test]
async fn the_outcome_of_an_order_belongs_to_the_trace_of_its_request() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 3)])]).await;
    let trace = TraceContext::root();
    let order_id = OrderId::generate();
    let order = trace.scope(async { placed(order_id, &[("ASSAM", 2)]) }).await;
    service.environment.deliver(&order).await;
    let outcome = eventually("the stock is reserved", SOON, async || {
        let events = service.environment.topic.published().await;
        events.into_iter().find(|envelope| matches!(envelope.event, Event::StockReserved(_)))
    })
    .await;
    assert!(outcome.traceparent.unwrap().contains(&trace.trace_id()));
    service.environment.deliver(&confirmed(order_id, &[("ASSAM", 2)])).await;
    until_empty(&service).await;
    assert_eq!(stock(&service.environment.pool, "ASSAM").await, [1, 0, 2]);
}

#[tokio::test]
async fn poison_messages_become_dead_letters_at_once_and_do_not_block_their_batch() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 30)])]).await;
    let service = environment.start().await;
    let queue = &service.environment.config.product_reservations_url;
    let impossible = placed(OrderId::generate(), &[]).to_json();
    let unknown = placed(OrderId::generate(), &[("ASSAM", 1)]).to_json().replace("order.placed.v1", "order.placed.v9");
    for poison in ["not json".to_owned(), "{}".to_owned(), impossible, unknown] {
        send(&service, queue, &poison).await;
    }
    for _ in 0..10 {
        service.environment.deliver(&placed(OrderId::generate(), &[("ASSAM", 1)])).await;
    }
    eventually("the valid orders are handled", SOON, async || {
        (stock(&service.environment.pool, "ASSAM").await == [20, 10, 0]).then_some(())
    })
    .await;
    let dead_letters = format!("{queue}-dlq");
    eventually("the poison messages are dead letters", SOON, async || {
        (depth(&service, &dead_letters).await == 4).then_some(())
    })
    .await;
    assert_eq!(depth(&service, queue).await, 0, "after one receive of each");
}

/// An outage is no reason to give a message up: see `max_receive_count` in the topology.
#[tokio::test]
async fn a_message_is_kept_while_the_database_is_not_available() {
    let environment = Environment::new().await;
    let process = environment.start_process(&[("DATABASE_URL", "postgres://127.0.0.1:1/nowhere")]);
    environment.deliver(&placed(OrderId::generate(), &[("ASSAM", 1)])).await;
    let retried = || process.logged("message not handled, retried later").len();
    eventually("the message is received several times", SOON, async || (retried() >= 2).then_some(())).await;
    assert_eq!(process.logged("message not handled"), [] as [serde_json::Value; 0]);
}

#[tokio::test]
async fn an_event_without_a_command_to_stock_is_rejected() {
    let service = Service::new().await;
    let unexpected = Event::ReservationExpired(contracts::event::product::ReservationExpired {
        order_id: OrderId::generate(),
        reservation_id: contracts::ReservationId::generate(),
    });
    let now = product::clock::now();
    let envelope = Envelope::new(contracts::EventId::generate(), OrderId::generate(), 1, now, unexpected);
    service.environment.deliver(&envelope).await;
    let dead_letters = format!("{}-dlq", service.environment.config.product_inbox_url);
    eventually("a dead letter", SOON, async || (depth(&service, &dead_letters).await == 1).then_some(())).await;
}

#[tokio::test]
async fn the_sweep_releases_unconfirmed_reservations() {
    let mut environment = Environment::new().await;
    environment.config.reservation_ttl = chrono::TimeDelta::seconds(1);
    environment.config.reservation_extension = chrono::TimeDelta::seconds(1);
    environment.config.sweep_interval = std::time::Duration::from_millis(100);
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 3)])]).await;
    let service = environment.start().await;
    service.environment.deliver(&placed(OrderId::generate(), &[("ASSAM", 2)])).await;
    eventually("the expiry is announced", SOON, async || {
        let events = service.environment.topic.published().await;
        events.into_iter().find(|envelope| matches!(envelope.event, Event::ReservationExpired(_)))
    })
    .await;
    assert_eq!(stock(&service.environment.pool, "ASSAM").await, [3, 0, 0]);
}

#[tokio::test]
async fn a_rolling_restart_completes_work_in_progress_and_loses_nothing() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    for _ in 0..30 {
        service.environment.deliver(&placed(OrderId::generate(), &[("ASSAM", 1)])).await;
    }
    eventually("the work has started", SOON, async || {
        (stock(&service.environment.pool, "ASSAM").await[1] > 0).then_some(())
    })
    .await;
    let Service { environment, instance, .. } = service;
    instance.stop().await;
    assert_eq!(inconsistent(&environment.pool).await, [""; 0]);
    let next = environment.start().await;
    until_empty(&next).await;
    assert_eq!(stock(&next.environment.pool, "ASSAM").await, [70, 30, 0]);
}
