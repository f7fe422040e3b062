//! Batches: each message is handled, and fails, by itself.

use std::time::Duration;

use crate::support::{TestPayment, deliver, message};
use contracts::event::user::UserDeleted;
use contracts::{Envelope, Event, EventId, TraceContext, UserId};
use payment::clock;
use stack::testing::eventually;

#[tokio::test]
async fn poison_messages_go_to_the_dead_letter_queue_with_a_reason_and_do_not_fail_the_rest_of_the_batch() {
    let payment = TestPayment::new().await;
    let user_id = UserId::generate();
    let event = Event::UserDeleted(UserDeleted { user_id });
    let stray = Envelope::new(EventId::generate(), user_id, 1, clock::now(), event).to_json();
    let mut poison =
        [stray.clone(), "{".to_owned(), r#"{"specversion":"1.0","type":"shop.order.unknown.v1"}"#.to_owned()];
    let mut batch: Vec<_> = poison.iter().map(|body| message(body, "", body, 1)).collect();
    batch.insert(1, payment.request_message());
    assert!(deliver(&payment.app, batch).await.is_empty());

    assert_eq!(payment.announced().await, ["shop.payment.authorized.v1"]);
    let mut rejected = payment.dead_letters().await;
    rejected.sort();
    poison.sort();
    assert_eq!(rejected.iter().map(|(body, _)| body.clone()).collect::<Vec<_>>(), poison);
    for (body, reason) in rejected {
        assert_eq!(reason == "unexpected event type shop.user.deleted.v1", body == stray, "{reason}");
        assert!(!reason.is_empty());
    }
}

#[tokio::test]
async fn a_message_that_fails_is_delivered_again_after_a_backoff() {
    let payment = TestPayment::new().await;
    payment.fault("create", "error_500", 3).await;
    payment.enqueue(payment.request_message()["body"].as_str().unwrap()).await;
    assert_eq!(payment.poll().await, (1, 0), "the processor fails");

    // Far less than the visibility timeout of the queue.
    eventually("the message is delivered again", Duration::from_secs(20), async || {
        let (received, deleted) = payment.poll().await;
        (received > 0).then(|| assert_eq!(deleted, 1))
    })
    .await;
    assert_eq!(payment.announced().await, ["shop.payment.authorized.v1"]);
    assert!(payment.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_call_that_the_processor_reports_as_wrong_makes_its_message_a_dead_letter_at_once() {
    let payment = TestPayment::with_config(|config| config.stripe_api_base.set_path("/nowhere")).await;
    let request = payment.request_message();
    assert!(deliver(&payment.app, [request.clone()]).await.is_empty());

    let [(body, reason)] = &payment.dead_letters().await[..] else { panic!("one dead letter") };
    assert_eq!(request["body"], **body);
    assert!(reason.starts_with("the processor refused the call with 404"), "{reason}");
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
