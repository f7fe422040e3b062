//! Voids: order no longer wants an authorization, whether or not it exists.

use std::time::Duration;

use crate::support::{TestPayment, deliver};
use chrono::TimeDelta;
use futures::future::{join, join_all};
use payment::clock;
use payment::domain::{Change, Charge, Payment, PrepareOutcome, State};
use rstest::rstest;
use stack::testing::eventually;

const AUTHORIZED: &str = "shop.payment.authorized.v1";
const DECLINED: &str = "shop.payment.declined.v1";
const VOIDED: &str = "shop.payment.voided.v1";

#[tokio::test]
async fn a_void_releases_the_authorization() {
    let payment = TestPayment::new().await;
    payment.deliver_request().await;
    assert!(payment.deliver_void().await);

    assert_eq!(payment.ledger().await, ["authorized", "voided"]);
    assert!(matches!(payment.state().await, State::Voided { .. }));
    assert_eq!(payment.announced().await, [AUTHORIZED, VOIDED]);
}

#[tokio::test]
async fn a_void_that_arrives_before_its_request_prevents_the_authorization() {
    let payment = TestPayment::new().await;
    assert!(payment.deliver_void().await);
    assert!(payment.deliver_request().await);

    assert!(payment.ledger().await.is_empty());
    assert!(matches!(payment.state().await, State::Voided { intent: None }));
    assert_eq!(payment.announced().await, [VOIDED]);
}

#[tokio::test]
async fn a_void_after_a_decline_needs_no_call() {
    let payment = TestPayment::new().await.paid_with("pm_card_chargeDeclined");
    payment.deliver_request().await;
    payment.fault("*", "error_500", 100).await;
    assert!(payment.deliver_void().await);

    assert_eq!(payment.ledger().await, ["declined"]);
    assert_eq!(payment.announced().await, [DECLINED, VOIDED]);
}

#[tokio::test]
async fn a_void_undoes_an_authorization_with_an_unknown_outcome() {
    let payment = TestPayment::new().await;
    payment.fault("confirm", "lost_answer", 3).await;
    assert!(!payment.deliver_request().await, "the outcome is unknown");
    assert_eq!(payment.ledger().await, ["authorized"]);
    assert!(matches!(payment.state().await, State::Requested { .. }));

    assert!(payment.deliver_void().await);
    assert!(payment.deliver_request().await);
    assert_eq!(payment.ledger().await, ["authorized", "voided"]);
    assert_eq!(payment.announced().await, [VOIDED]);
}

#[tokio::test]
async fn an_unknown_outcome_is_undone_once_the_deadline_has_passed() {
    let payment = TestPayment::new().await;
    payment.fault("confirm", "lost_answer", 3).await;
    assert!(!payment.deliver_request().await, "the outcome is unknown");

    let late = payment.due(clock::now() - TimeDelta::seconds(1));
    assert!(late.deliver_request().await);
    assert_eq!(late.ledger().await, ["authorized", "voided"]);
    assert_eq!(late.announced().await, [VOIDED]);
}

#[tokio::test]
async fn a_void_undoes_a_confirmation_that_is_in_flight() {
    let payment = TestPayment::new().await;
    payment.slow("confirm", Duration::from_millis(500)).await;
    let void_once_requested = async {
        eventually("the intent is recorded", Duration::from_secs(10), async || {
            payment.app.store.load(payment.request.payment_id).await.unwrap()
        })
        .await;
        payment.another_function().deliver_void().await
    };
    join(payment.deliver_request(), void_once_requested).await;
    payment.deliver_until_handled(payment.request_message()).await;
    payment.deliver_until_handled(payment.void_message()).await;

    assert_eq!(held(&payment).await, 0);
    assert!(matches!(payment.state().await, State::Voided { .. }));
    assert_eq!(payment.announced().await.last(), Some(&VOIDED));
}

#[tokio::test]
async fn concurrent_requests_and_voids_never_leave_money_held() {
    let payments: Vec<_> = join_all((0..20).map(|_| TestPayment::new())).await;
    join_all(payments.iter().map(async |payment| {
        let functions: Vec<_> = (0..4).map(|_| payment.another_function()).collect();
        let messages =
            [payment.request_message(), payment.void_message(), payment.request_message(), payment.void_message()];
        join_all(functions.iter().zip(messages).map(|(function, message)| deliver(&function.app, [message]))).await;
        payment.deliver_until_handled(payment.request_message()).await;
        payment.deliver_until_handled(payment.void_message()).await;

        assert_eq!(held(payment).await, 0);
        assert!(matches!(payment.state().await, State::Voided { .. }));
        let announced = payment.announced().await;
        assert!([vec![VOIDED], vec![AUTHORIZED, VOIDED]].contains(&announced), "{announced:?}");
    }))
    .await;
}

#[rstest]
#[tokio::test]
async fn a_void_survives_failures_of_the_processor(
    #[values("error_500", "error_500_after", "lost_answer", "rate_limited")] kind: &str,
    #[values(1, 3)] times: usize,
) {
    let payment = TestPayment::new().await;
    payment.deliver_request().await;
    payment.fault("cancel", kind, times).await;
    let deliveries = payment.deliver_until_handled(payment.void_message()).await;

    let most = if kind == "rate_limited" { times + 1 } else { 2 };
    assert!(deliveries <= most, "{deliveries}");
    assert_eq!(payment.ledger().await, ["authorized", "voided"]);
    assert_eq!(payment.announced().await, [AUTHORIZED, VOIDED]);
}

#[tokio::test]
async fn any_delivery_finishes_a_void_that_was_started() {
    let payment = TestPayment::new().await;
    payment.deliver_request().await;
    payment.fault("cancel", "error_500", 3).await;
    assert!(!payment.deliver_void().await);
    assert!(matches!(payment.state().await, State::VoidPending { .. }));

    assert!(payment.deliver_request().await);
    assert_eq!(payment.ledger().await, ["authorized", "voided"]);
    assert!(matches!(payment.state().await, State::Voided { .. }));
}

#[tokio::test]
async fn a_void_cancels_an_intent_that_a_crash_left_unconfirmed() {
    let payment = TestPayment::new().await;
    record_intent(&payment).await;
    assert!(payment.deliver_void().await);
    assert!(payment.deliver_request().await);

    assert!(payment.ledger().await.is_empty());
    assert_eq!(payment.announced().await, [VOIDED]);
}

#[tokio::test]
async fn a_request_confirms_an_intent_that_a_crash_left_unconfirmed() {
    let payment = TestPayment::new().await;
    record_intent(&payment).await;
    assert!(payment.deliver_request().await);

    assert_eq!(payment.ledger().await, ["authorized"]);
    assert_eq!(payment.announced().await, [AUTHORIZED]);
}

/// Does what a function has done that crashes just before it confirms.
async fn record_intent(test: &TestPayment) {
    let request = &test.request;
    let PrepareOutcome::Prepared(intent) = test.app.processor.prepare(request).await.unwrap() else {
        panic!("the processor refuses the amount")
    };
    let now = clock::now();
    let payment = Payment {
        id: request.payment_id,
        order_id: request.order_id,
        version: 1,
        charge: Some(Charge { user_id: request.user_id, amount: request.amount }),
        state: State::Requested { intent },
        answered: 1,
        problem: None,
        created_at: now,
        updated_at: now,
    };
    test.app.store.commit(&Change { payment, event: None }, None).await.unwrap();
}

/// Number of authorizations that are not voided.
async fn held(payment: &TestPayment) -> usize {
    let ledger = payment.ledger().await;
    let count = |kind| ledger.iter().filter(|entry| *entry == kind).count();
    assert!(count("authorized") <= 1, "{ledger:?}");
    count("authorized") - count("voided")
}
