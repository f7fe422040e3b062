use contracts::{Envelope, Event, EventId, TraceContext, event::product::ReservationExpired};
use futures::future::join_all;
use order::{
    domain::Status,
    events::{self, queue::Outcome},
};

use super::harness::{about, authorized, declined, new_key, start, stock_reserved, voided};

#[tokio::test]
async fn an_order_is_confirmed_by_messages_from_the_queue() {
    let service = start().await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    service.deliver([stock_reserved(id, 90).to_json()]).await;
    let order = service.eventually(id, Status::AwaitingPayment).await;
    assert_eq!(order.total.minor, 180);
    service.deliver([authorized(id, order.attempts[0].payment_id, 180).to_json()]).await;
    let order = service.eventually(id, Status::Confirmed).await;
    assert_eq!(order.version, 3);
    assert_eq!(service.published().await, ["placed", "payment_requested", "confirmed"]);
}

#[tokio::test]
async fn ten_deliveries_of_every_message_in_any_order_have_one_effect() {
    let service = start().await;
    let customer = service.customer();
    let (id, payment_id) = service.awaiting_payment(&customer).await;
    let messages = [stock_reserved(id, 100), declined(id, payment_id)];
    let copies = (0..10).flat_map(|_| messages.iter().map(Envelope::to_json));
    let outcomes = join_all(copies.map(|body| events::handle::handle(service.app.clone(), body))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{outcomes:?}");
    customer.pay(id, &new_key(), "pm_card_visa").await;
    let second = service.order(id).await.attempts[1].payment_id;

    let messages =
        [stock_reserved(id, 100), declined(id, payment_id), authorized(id, second, 200), voided(id, payment_id)];
    let copies: Vec<_> = (0..10).flat_map(|_| messages.iter().rev().map(Envelope::to_json)).collect();
    service.deliver(copies).await;
    let order = service.eventually(id, Status::Confirmed).await;
    assert_eq!((order.version, order.attempts.len()), (5, 2));
    assert_eq!(service.published().await, ["placed", "payment_requested", "payment_requested", "confirmed"]);
}

#[tokio::test]
async fn a_cancellation_concurrent_with_the_authorization_leaves_no_money_held() {
    let service = start().await;
    let customer = service.customer();
    for _ in 0..5 {
        let (id, payment_id) = service.awaiting_payment(&customer).await;
        let key = new_key();
        let (response, ()) = tokio::join!(customer.cancel(id, &key), service.handle(authorized(id, payment_id, 200)));
        assert_eq!(response.body["status"], "cancelled", "{response:?}");
        let order = service.eventually(id, Status::Cancelled).await;
        let of_order = |envelope: &&Envelope| envelope.subject == id.to_string();
        let events = service.events().await;
        let sequences: Vec<_> = events.iter().filter(of_order).map(|envelope| envelope.sequence).collect();
        assert!(sequences.is_sorted() && sequences.last() == Some(&order.version), "{sequences:?} {order:#?}");
        let voids = events
            .iter()
            .filter(of_order)
            .filter(|envelope| matches!(&envelope.event, Event::VoidRequested(void) if void.payment_id == payment_id));
        assert!(voids.count() >= 1);
    }
}

#[tokio::test]
async fn concurrent_handlers_of_one_order_write_one_history() {
    let service = start().await;
    let customer = service.customer();
    let (id, payment_id) = service.awaiting_payment(&customer).await;
    let expired = || Event::ReservationExpired(ReservationExpired { order_id: id, reservation_id: uuid().into() });
    let messages = [
        authorized(id, payment_id, 200),
        declined(id, payment_id),
        about(id, expired()),
        voided(id, payment_id),
        authorized(id, payment_id, 999),
    ];
    join_all(messages.map(|message| service.handle(message))).await;
    let order = service.order(id).await;
    assert!(order.version >= order.history.len() as u64, "repeated events are not in the history");
    // One of the messages is the end of the reservation: in every order of messages, the order is settled.
    assert_eq!(order.state.deadline(), None, "{order:#?}");
    let mut sequences: Vec<_> = service.events().await.iter().map(|envelope| envelope.sequence).collect();
    sequences.dedup();
    assert!(sequences.is_sorted() && sequences.iter().all(|sequence| *sequence <= order.version));
}

fn uuid() -> uuid::Uuid {
    EventId::generate().as_uuid()
}

#[tokio::test]
async fn an_event_of_an_unknown_order_is_rejected() {
    let service = start().await;
    let id = contracts::OrderId::generate();
    let outcome = service.outcome(stock_reserved(id, 100)).await;
    assert_eq!(outcome, Outcome::Never(format!("order {id} does not exist")));
}

#[tokio::test]
async fn the_trace_of_a_message_continues_in_the_events_it_causes() {
    let service = start().await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    let trace = TraceContext::root();
    let mut message = stock_reserved(id, 100);
    message.traceparent = Some(trace.to_string());
    service.handle(message).await;
    let events = service.events().await;
    let caused: TraceContext = events[1].traceparent.as_ref().unwrap().parse().unwrap();
    assert_eq!(caused.trace_id(), trace.trace_id());
}
