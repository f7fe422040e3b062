//! Batches: each message is handled, and fails, by itself.

use crate::support::{TestPayment, deliver};
use contracts::event::user::UserDeleted;
use contracts::{Envelope, Event, EventId, TraceContext, UserId};
use payment::clock;
use serde_json::json;

#[tokio::test]
async fn poison_messages_do_not_fail_the_rest_of_the_batch() {
    let payment = TestPayment::new().await;
    let mut failed = deliver(
        &payment.app,
        [
            json!({ "messageId": "no-json", "body": "{" }),
            json!({ "messageId": "no-event", "body": r#"{"specversion":"1.0","type":"shop.order.unknown.v1"}"# }),
            payment.request_message(),
            json!({ "messageId": "no-body" }),
        ],
    )
    .await;

    failed.sort();
    assert_eq!(failed, ["no-body", "no-event", "no-json"]);
    assert_eq!(payment.announced().await, ["shop.payment.authorized.v1"]);
}

#[tokio::test]
async fn an_event_without_a_subscription_fails() {
    let payment = TestPayment::new().await;
    let user_id = UserId::generate();
    let event = Event::UserDeleted(UserDeleted { user_id });
    let envelope = Envelope::new(EventId::generate(), user_id, 1, clock::now(), event);
    let failed = deliver(&payment.app, [json!({ "messageId": "stray", "body": envelope.to_json() })]).await;
    assert_eq!(failed, ["stray"]);
}

#[tokio::test]
async fn events_continue_the_trace_of_the_message_that_caused_them() {
    let payment = TestPayment::new().await;
    let trace = TraceContext::root();
    let message = trace.scope(async { payment.request_message() }).await;
    assert!(deliver(&payment.app, [message]).await.is_empty());

    let [announced] = &payment.envelopes().await[..] else { panic!("one event is announced") };
    let continued: TraceContext = announced.traceparent.as_deref().unwrap().parse().unwrap();
    assert_eq!(continued.trace_id(), trace.trace_id());
}

#[tokio::test]
async fn a_request_and_its_void_in_one_batch_leave_no_money_held() {
    let payment = TestPayment::new().await;
    deliver(&payment.app, [payment.request_message(), payment.void_message()]).await;
    payment.deliver_until_handled(payment.request_message()).await;
    payment.deliver_until_handled(payment.void_message()).await;
    let ledger = payment.ledger().await;
    assert!(ledger.is_empty() || ledger == ["authorized", "voided"], "{ledger:?}");
}
