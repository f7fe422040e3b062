//! The processor fails, is slow, or its answer is lost: every authorisation is made once all the same.

use std::time::Duration;

use crate::support::{Bench, deliver_within};
use payment::domain::State;
use rstest::rstest;
use stack::testing::eventually;

const AUTHORIZED: &str = "shop.payment.authorized.v1";

#[rstest]
#[tokio::test]
async fn a_request_survives_what_the_processor_does_to_it(
    #[values("create", "confirm")] operation: &str,
    #[values("error_500", "error_500_after", "lost_answer", "rate_limited")] kind: &str,
    // Once is dealt with at once; three times makes a delivery fail, and the next one resumes.
    #[values(1, 3)] times: usize,
) {
    let bench = Bench::new().await;
    bench.fault(operation, kind, times).await;
    let deliveries = bench.deliver_until_handled(bench.request_message()).await;

    assert!(deliveries <= times.min(2), "{deliveries}");
    assert_eq!(bench.ledger().await, ["authorized"]);
    assert!(matches!(bench.state().await, State::Authorized { .. }));
    assert_eq!(bench.announced().await, [AUTHORIZED]);
}

#[rstest]
#[tokio::test]
async fn a_decline_survives_what_the_processor_does_to_it(
    #[values("error_500", "error_500_after", "lost_answer", "rate_limited")] kind: &str,
) {
    let bench = Bench::new().await.paid_with("pm_card_chargeDeclinedExpiredCard");
    bench.fault("confirm", kind, 3).await;
    bench.deliver_until_handled(bench.request_message()).await;

    assert_eq!(bench.ledger().await, ["declined"]);
    assert_eq!(bench.announced().await, ["shop.payment.declined.v1"]);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_looked_up_either_is_looked_up_later() {
    let bench = Bench::new().await;
    bench.fault("confirm", "error_500_after", 1).await;
    bench.fault("retrieve", "error_500", 3).await;
    assert!(!bench.deliver_request().await);
    assert!(matches!(bench.state().await, State::Requested { .. }));

    assert!(bench.deliver_request().await);
    assert_eq!(bench.ledger().await, ["authorized"]);
    assert_eq!(bench.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn an_answer_after_the_calls_deadline_is_asked_for_again() {
    let bench = Bench::with(|config| config.processor_call_timeout = Duration::from_millis(200)).await;
    bench.slow("confirm", Duration::from_secs(2)).await;
    assert!(!bench.deliver_request().await, "the processor takes longer than all attempts together");

    eventually("the request is handled", Duration::from_secs(10), async || bench.deliver_request().await.then_some(()))
        .await;
    assert_eq!(bench.ledger().await, ["authorized"]);
    assert_eq!(bench.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn a_message_that_runs_out_of_the_functions_time_is_resumed() {
    let bench = Bench::new().await;
    bench.slow("confirm", Duration::from_millis(1500)).await;
    let failed = deliver_within(&bench.app, [bench.request_message()], Duration::from_millis(700)).await;
    assert_eq!(failed.len(), 1);

    eventually("the request is handled", Duration::from_secs(10), async || bench.deliver_request().await.then_some(()))
        .await;
    assert_eq!(bench.ledger().await, ["authorized"]);
    assert_eq!(bench.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn a_wrong_key_is_nobodys_decline() {
    let bench = Bench::new().await;
    bench.rotate_key_to("sk_test_of_another_shop").await;
    assert!(!bench.deliver_request().await);
    assert!(bench.announced().await.is_empty());

    bench.rotate_key_to(&bench.key).await;
    assert!(bench.another_function().deliver_request().await);
    assert_eq!(bench.announced().await, [AUTHORIZED]);
}

#[tokio::test]
async fn the_breaker_spares_a_processor_that_fails_and_tries_it_again() {
    let bench = Bench::with(|config| {
        config.processor_breaker_failures = 3;
        config.processor_breaker_open = Duration::from_millis(500);
    })
    .await;
    bench.fault("create", "error_500", 3).await;
    assert!(!bench.deliver_request().await, "three failures open the breaker");
    // The processor is well again; but nobody asks it.
    assert!(!bench.deliver_request().await, "the breaker is open");

    eventually("the breaker lets a call through, and closes", Duration::from_secs(10), async || {
        bench.deliver_request().await.then_some(())
    })
    .await;
    assert_eq!(bench.ledger().await, ["authorized"]);
    assert_eq!(bench.announced().await, [AUTHORIZED]);
}
