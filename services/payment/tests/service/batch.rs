//! Lambda's side: each message of a batch stands for itself.

use crate::support::{Bench, deliver};
use contracts::event::user::UserDeleted;
use contracts::{Envelope, Event, EventId, TraceContext, UserId};
use payment::clock;
use serde_json::json;

#[tokio::test]
async fn poison_takes_nobody_along() {
    let bench = Bench::new().await;
    let failed = deliver(
        &bench.app,
        [
            json!({ "messageId": "no-json", "body": "{" }),
            json!({ "messageId": "no-event", "body": r#"{"specversion":"1.0","type":"shop.order.unheard_of.v1"}"# }),
            bench.request_message(),
            json!({ "messageId": "no-body" }),
        ],
    )
    .await;

    let mut failed = failed;
    failed.sort();
    assert_eq!(failed, ["no-body", "no-event", "no-json"]);
    assert_eq!(bench.announced().await, ["shop.payment.authorized.v1"]);
}

#[tokio::test]
async fn an_event_that_was_not_subscribed_to_is_not_swallowed() {
    let bench = Bench::new().await;
    let user_id = UserId::generate();
    let event = Event::UserDeleted(UserDeleted { user_id });
    let envelope = Envelope::new(EventId::generate(), user_id, 1, clock::now(), event);
    let failed = deliver(&bench.app, [json!({ "messageId": "stray", "body": envelope.to_json() })]).await;
    assert_eq!(failed, ["stray"]);
}

#[tokio::test]
async fn the_trace_goes_on_in_the_events_that_a_message_causes() {
    let bench = Bench::new().await;
    let trace = TraceContext::root();
    let message = trace.scope(async { bench.request_message() }).await;
    assert!(deliver(&bench.app, [message]).await.is_empty());

    let [announced] = &bench.envelopes().await[..] else { panic!("one event is announced") };
    let continued: TraceContext = announced.traceparent.as_deref().unwrap().parse().unwrap();
    assert_eq!(continued.trace_id(), trace.trace_id());
}

#[tokio::test]
async fn a_request_and_its_void_in_one_batch_leave_nothing_held() {
    let bench = Bench::new().await;
    deliver(&bench.app, [bench.request_message(), bench.void_message()]).await;
    bench.deliver_until_handled(bench.request_message()).await;
    bench.deliver_until_handled(bench.void_message()).await;
    let ledger = bench.ledger().await;
    assert!(ledger.is_empty() || ledger == ["authorized", "voided"], "{ledger:?}");
}
