//! The processor fails, is slow, or its response is lost. Every authorization still happens once.

use std::time::Duration;

use crate::support::{TestPayment, deliver_within};
use payment::domain::State;
use payment::processor::Timing;
use rstest::rstest;
use stack::testing::eventually;

const AUTHORIZED: &str = "shop.payment.authorized.v1";

#[rstest]
#[tokio::test]
async fn a_request_survives_failures_of_the_processor(
    #[values("create", "confirm")] operation: &str,
    #[values("error_500", "error_500_after", "lost_answer", "rate_limited")] kind: &str,
    // One failure is retried within the delivery. Three make the delivery fail, and the next one resumes.
    #[values(1, 3)] times: usize,
) {
    let payment = TestPayment::new().await;
    payment.fault(operation, kind, times).await;
    let deliveries = payment.deliver_until_handled(payment.request_message()).await;

    // A call that exceeds the rate limit is not repeated within the delivery.
    let most = if kind == "rate_limited" { times + 1 } else { times.min(2) };
    assert!(deliveries <= most, "{deliveries}");
    assert_eq!(payment.ledger().await, ["authorized"]);
    assert!(matches!(payment.state().await, State::Authorized { .. }));
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

#[rstest]
#[tokio::test]
async fn a_decline_survives_failures_of_the_processor(
    #[values("error_500", "error_500_after", "lost_answer", "rate_limited")] kind: &str,
) {
    let payment = TestPayment::new().await.paid_with("pm_card_chargeDeclinedExpiredCard");
    payment.fault("confirm", kind, 3).await;
    payment.deliver_until_handled(payment.request_message()).await;

    assert_eq!(payment.ledger().await, ["declined"]);
    assert_eq!(payment.announced().await, ["shop.payment.declined.v1"]);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_retrieved_is_retrieved_by_the_next_delivery() {
    let payment = TestPayment::new().await;
    payment.fault("confirm", "error_500_after", 1).await;
    payment.fault("retrieve", "error_500", 3).await;
    assert!(!payment.deliver_request().await);
    assert!(matches!(payment.state().await, State::Requested { .. }));

    assert!(payment.deliver_request().await);
    assert_eq!(payment.ledger().await, ["authorized"]);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn a_confirmation_that_another_version_sent_with_other_parameters_is_resumed() {
    let payment = TestPayment::new().await;
    payment.fault("confirm", "error_500", 3).await;
    assert!(!payment.deliver_request().await);
    let State::Requested { intent } = payment.state().await else { panic!("{:?}", payment.state().await) };
    let key = format!("{}:authorize", payment.request.payment_id);
    payment
        .post(&format!("/v1/payment_intents/{intent}/confirm"), Some(&key), &[("payment_method", "pm_card_visa")])
        .await;

    assert!(payment.deliver_request().await);
    assert_eq!(payment.ledger().await, ["authorized"]);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn a_call_that_times_out_is_resumed() {
    let payment =
        TestPayment::with_config(|config| config.processor_confirm_timeout = Duration::from_millis(200)).await;
    payment.slow("confirm", Duration::from_secs(2)).await;
    assert!(!payment.deliver_request().await, "the processor is slower than all attempts together");

    eventually("the request is handled", Duration::from_secs(10), async || {
        payment.deliver_request().await.then_some(())
    })
    .await;
    assert_eq!(payment.ledger().await, ["authorized"]);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn a_slow_issuer_is_waited_for_longer_than_for_other_calls() {
    let payment = TestPayment::with_config(|config| config.processor_call_timeout = Duration::from_millis(200)).await;
    payment.slow("confirm", Duration::from_millis(800)).await;
    assert!(payment.deliver_request().await);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn a_call_that_timed_out_is_not_repeated_at_once() {
    let payment = TestPayment::with_config(|config| config.processor_call_timeout = Duration::from_millis(500)).await;
    payment.deliver_request().await;
    payment.slow("cancel", Duration::from_secs(5)).await;
    assert!(!payment.deliver_void().await, "a second call would succeed");

    assert!(payment.deliver_void().await);
    assert_eq!(payment.ledger().await, ["authorized", "voided"]);
}

#[tokio::test]
async fn a_rate_limited_message_is_not_delivered_before_the_time_that_the_processor_asks_for() {
    let payment = TestPayment::new().await;
    payment.rate_limit("confirm", Duration::from_secs(600)).await;
    payment.enqueue(payment.request_message()["body"].as_str().unwrap()).await;
    assert_eq!(payment.poll().await, (1, 0));

    let seconds = payment.seconds_until_visible().await;
    assert!((598..=602).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn rate_limits_do_not_open_the_circuit_breaker() {
    let payment = TestPayment::with_config(|config| config.processor_breaker_failures = 1).await;
    payment.fault("create", "rate_limited", 2).await;
    assert!(!payment.deliver_request().await);
    assert!(!payment.deliver_request().await);
    assert!(payment.deliver_request().await);
}

#[tokio::test]
async fn a_message_that_exceeds_the_functions_time_is_resumed() {
    let payment = TestPayment::new().await;
    payment.slow("confirm", Duration::from_millis(1500)).await;
    let failed = deliver_within(&payment.app, [payment.request_message()], Duration::from_millis(700)).await;
    assert_eq!(failed.len(), 1);

    eventually("the request is handled", Duration::from_secs(10), async || {
        payment.deliver_request().await.then_some(())
    })
    .await;
    assert_eq!(payment.ledger().await, ["authorized"]);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn a_refused_secret_key_is_not_a_decline() {
    let payment = TestPayment::new().await;
    payment.rotate_key_to("sk_test_of_another_shop").await;
    assert!(!payment.deliver_request().await);
    assert!(payment.announced().await.is_empty());

    payment.rotate_key_to(&payment.key).await;
    assert!(payment.another_function().deliver_request().await);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn the_circuit_breaker_opens_after_consecutive_failures_and_closes_after_a_success() {
    let timing = Timing { breaker_open: Duration::from_millis(500), ..Timing::default() };
    let payment = TestPayment::with(|config| config.processor_breaker_failures = 3, timing).await;
    payment.fault("create", "error_500", 3).await;
    assert!(!payment.deliver_request().await, "three failures open the breaker");
    // The processor has recovered, and gets no call yet.
    assert!(!payment.deliver_request().await, "the breaker is open");

    eventually("the breaker lets a call through, and closes", Duration::from_secs(10), async || {
        payment.deliver_request().await.then_some(())
    })
    .await;
    assert_eq!(payment.ledger().await, ["authorized"]);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}
