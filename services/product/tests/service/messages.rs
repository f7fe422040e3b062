//! Orders' events through the real queue.

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use contracts::{Envelope, Event, OrderId, TraceContext};
use stack::testing::eventually;

use super::support::{Place, SOON, Service, confirmed, inconsistent, placed, product, stock, stock_up};

async fn deliver(service: &Service, body: String) {
    send(&service.place, body).await;
}

async fn send(place: &Place, body: String) {
    let sqs = aws_sdk_sqs::Client::new(&place.sdk);
    let queue = &place.config.product_inbox_url;
    sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
}

/// How many messages a queue holds, seen or not.
async fn depth(service: &Service, queue: &str) -> usize {
    let sqs = aws_sdk_sqs::Client::new(&service.place.sdk);
    let names =
        [QueueAttributeName::ApproximateNumberOfMessages, QueueAttributeName::ApproximateNumberOfMessagesNotVisible];
    let request = sqs.get_queue_attributes().queue_url(queue).set_attribute_names(Some(names.to_vec()));
    let attributes = request.send().await.unwrap().attributes.unwrap_or_default();
    names.iter().filter_map(|name| attributes.get(name)?.parse::<usize>().ok()).sum()
}

async fn until_empty(service: &Service) {
    let queue = &service.place.config.product_inbox_url;
    eventually("the queue is empty", SOON, async || (depth(service, queue).await == 0).then_some(())).await;
}

#[tokio::test]
async fn an_order_is_answered_in_the_trace_of_its_request() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 3)])]).await;
    let trace = TraceContext::root();
    let order_id = OrderId::generate();
    let order = trace.scope(async { placed(order_id, &[("ASSAM", 2)]) }).await;
    deliver(&service, order.to_json()).await;
    let answer = eventually("the stock is reserved", SOON, async || {
        let events = service.place.topic.published().await;
        events.into_iter().find(|envelope| matches!(envelope.event, Event::StockReserved(_)))
    })
    .await;
    assert!(answer.traceparent.unwrap().contains(&trace.trace_id()));
    deliver(&service, confirmed(order_id, &[("ASSAM", 2)]).to_json()).await;
    until_empty(&service).await;
    assert_eq!(stock(&service.place.pool, "ASSAM").await, [1, 0, 2]);
}

#[tokio::test]
async fn poison_never_blocks_its_batch_and_ends_with_the_dead_letters() {
    let place = Place::new().await;
    stock_up(&place.pool, &[product("assam", "Assam", &[("ASSAM", 500, 30)])]).await;
    let service = place.start().await;
    let queue = &service.place.config.product_inbox_url;
    // One receive is enough for this test: the second finds the limit reached.
    let policy = {
        let sqs = aws_sdk_sqs::Client::new(&service.place.sdk);
        let name = QueueAttributeName::RedrivePolicy;
        let attributes =
            sqs.get_queue_attributes().queue_url(queue).attribute_names(name.clone()).send().await.unwrap();
        let policy = attributes.attributes.unwrap_or_default().remove(&name).unwrap();
        let mut policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        policy["maxReceiveCount"] = 1.into();
        sqs.set_queue_attributes().queue_url(queue).attributes(name, policy.to_string()).send().await.unwrap();
        policy
    };
    let impossible = placed(OrderId::generate(), &[]).to_json();
    let stranger = placed(OrderId::generate(), &[("ASSAM", 1)]).to_json().replace("order.placed.v1", "order.placed.v9");
    for poison in ["not json".to_owned(), "{}".to_owned(), impossible, stranger] {
        deliver(&service, poison).await;
    }
    for _ in 0..10 {
        deliver(&service, placed(OrderId::generate(), &[("ASSAM", 1)]).to_json()).await;
    }
    eventually("the good orders are handled", SOON, async || {
        (stock(&service.place.pool, "ASSAM").await == [20, 10, 0]).then_some(())
    })
    .await;
    let dead = format!("{queue}-dlq");
    eventually("the poison is dead", SOON, async || (depth(&service, &dead).await == 4).then_some(())).await;
    assert_eq!(depth(&service, queue).await, 0, "{policy}");
}

#[tokio::test]
async fn no_receive_of_a_message_is_spent_while_the_database_is_away() {
    let place = Place::new().await;
    let process = place.start_process(&[("DATABASE_URL", "postgres://127.0.0.1:1/nowhere")]).await;
    send(&place, placed(OrderId::generate(), &[("ASSAM", 1)]).to_json()).await;
    let refusals = || process.logged("the queue or the database does not answer; it is tried again").len();
    let before = refusals();
    // Each lane has been round at least once more since the message was there.
    eventually("the database is asked again", SOON, async || (refusals() > before + 2).then_some(())).await;

    let sqs = aws_sdk_sqs::Client::new(&place.sdk);
    let receive = sqs.receive_message().queue_url(&place.config.product_inbox_url).wait_time_seconds(10);
    let answer = receive.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount).send();
    let messages = answer.await.unwrap().messages.unwrap_or_default();
    let attributes = messages[0].attributes.as_ref().unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::ApproximateReceiveCount], "1", "this receive is the first");
}

#[tokio::test]
async fn events_for_others_are_let_pass() {
    let service = Service::new().await;
    let stray = Event::ReservationExpired(contracts::event::product::ReservationExpired {
        order_id: OrderId::generate(),
        reservation_id: contracts::ReservationId::generate(),
    });
    let now = product::clock::now();
    let envelope = Envelope::new(contracts::EventId::generate(), OrderId::generate(), 1, now, stray);
    deliver(&service, envelope.to_json()).await;
    until_empty(&service).await;
}

#[tokio::test]
async fn the_sweep_takes_back_what_is_not_confirmed_in_time() {
    let mut place = Place::new().await;
    place.config.reservation_ttl = chrono::TimeDelta::seconds(1);
    place.config.sweep_interval = std::time::Duration::from_millis(100);
    stock_up(&place.pool, &[product("assam", "Assam", &[("ASSAM", 500, 3)])]).await;
    let service = place.start().await;
    deliver(&service, placed(OrderId::generate(), &[("ASSAM", 2)]).to_json()).await;
    eventually("the expiry is announced", SOON, async || {
        let events = service.place.topic.published().await;
        events.into_iter().find(|envelope| matches!(envelope.event, Event::ReservationExpired(_)))
    })
    .await;
    assert_eq!(stock(&service.place.pool, "ASSAM").await, [3, 0, 0]);
}

#[tokio::test]
async fn a_rolling_restart_finishes_what_was_begun_and_loses_nothing() {
    let service = Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 100)])]).await;
    for _ in 0..30 {
        deliver(&service, placed(OrderId::generate(), &[("ASSAM", 1)]).to_json()).await;
    }
    eventually("the work has begun", SOON, async || (stock(&service.place.pool, "ASSAM").await[1] > 0).then_some(()))
        .await;
    let Service { place, instance, .. } = service;
    instance.stop().await;
    assert_eq!(inconsistent(&place.pool).await, [""; 0]);
    let next = place.start().await;
    until_empty(&next).await;
    assert_eq!(stock(&next.place.pool, "ASSAM").await, [70, 30, 0]);
}
