//! The processor's intent is not what was requested.

use crate::support::TestPayment;
use payment::domain::{Problem, State};
use rstest::rstest;

const VOIDED: &str = "shop.payment.voided.v1";

#[rstest]
#[case("wrong_amount", Problem::Amount)]
#[case("wrong_currency", Problem::Currency)]
#[case("automatic_capture", Problem::CaptureMethod)]
#[tokio::test]
async fn an_intent_that_is_not_what_was_requested_is_cancelled_and_never_confirmed(
    #[case] kind: &str,
    #[case] problem: Problem,
) {
    let payment = TestPayment::new().await;
    payment.fault("create", kind, 1).await;
    assert!(payment.deliver_request().await);
    assert!(payment.deliver_request().await);

    assert!(payment.entries().await.is_empty());
    let recorded = payment.payment().await;
    assert!(matches!(recorded.state, State::Voided { intent: Some(_) }), "{recorded:?}");
    assert_eq!(recorded.problem, Some(problem));
    assert_eq!(payment.announced().await, [VOIDED]);
}

#[rstest]
#[case("wrong_amount", Problem::Amount)]
#[case("wrong_currency", Problem::Currency)]
#[tokio::test]
async fn an_authorization_that_is_not_what_was_requested_is_voided(#[case] kind: &str, #[case] problem: Problem) {
    let payment = TestPayment::new().await;
    payment.fault("confirm", kind, 1).await;
    payment.fault("cancel", "error_500", 3).await;
    assert!(!payment.deliver_request().await);
    assert!(matches!(payment.state().await, State::VoidPending { .. }));
    assert_eq!(payment.payment().await.problem, Some(problem));

    assert!(payment.deliver_request().await);
    let kinds: Vec<_> = payment.entries().await.into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["authorized", "voided"]);
    assert!(matches!(payment.state().await, State::Voided { .. }));
    assert_eq!(payment.payment().await.problem, Some(problem));
    assert_eq!(payment.announced().await, [VOIDED]);
}

#[tokio::test]
async fn an_amount_that_was_captured_at_once_is_not_an_authorization_and_waits_for_an_operator() {
    let payment = TestPayment::new().await;
    payment.fault("confirm", "automatic_capture", 1).await;
    assert!(payment.deliver_request().await);
    assert!(payment.deliver_request().await);
    assert!(payment.deliver_void().await);

    assert_eq!(payment.ledger().await, ["authorized", "captured"]);
    assert!(matches!(payment.state().await, State::VoidPending { .. }));
    assert_eq!(payment.payment().await.problem, Some(Problem::Captured));
    assert!(payment.announced().await.is_empty(), "neither authorized nor voided is true");
    assert!(payment.dead_letters().await.is_empty());

    payment.refund().await;
    let again = payment.clone().asked_again();
    assert!(again.deliver_void().await);
    assert!(matches!(again.state().await, State::Voided { .. }));
    assert_eq!(again.payment().await.problem, Some(Problem::Captured));
    assert_eq!(again.announced().await, [VOIDED]);
}
