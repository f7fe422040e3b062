//! Order no longer wants an authorisation, whether or not there is one.

use std::time::Duration;

use crate::support::{Bench, deliver};
use chrono::TimeDelta;
use futures::future::{join, join_all};
use payment::domain::{Change, Charge, Payment, Preparation, State};
use payment::{AppState, clock};
use rstest::rstest;
use stack::testing::eventually;

const AUTHORIZED: &str = "shop.payment.authorized.v1";
const DECLINED: &str = "shop.payment.declined.v1";
const VOIDED: &str = "shop.payment.voided.v1";

#[tokio::test]
async fn a_void_lets_go_of_the_authorisation() {
    let bench = Bench::new().await;
    bench.deliver_request().await;
    assert!(bench.deliver_void().await);

    assert_eq!(bench.ledger().await, ["authorized", "voided"]);
    assert!(matches!(bench.state().await, State::Voided { .. }));
    assert_eq!(bench.announced().await, [AUTHORIZED, VOIDED]);
}

#[tokio::test]
async fn a_void_that_overtakes_its_request_keeps_it_from_being_carried_out() {
    let bench = Bench::new().await;
    assert!(bench.deliver_void().await);
    assert!(bench.deliver_request().await);

    assert!(bench.ledger().await.is_empty());
    assert!(matches!(bench.state().await, State::Voided { intent: None }));
    assert_eq!(bench.announced().await, [VOIDED]);
}

#[tokio::test]
async fn a_void_after_a_decline_needs_no_call() {
    let bench = Bench::new().await.paid_with("pm_card_chargeDeclined");
    bench.deliver_request().await;
    bench.fault("*", "error_500", 100).await;
    assert!(bench.deliver_void().await);

    assert_eq!(bench.ledger().await, ["declined"]);
    assert_eq!(bench.announced().await, [DECLINED, VOIDED]);
}

#[tokio::test]
async fn a_void_undoes_an_authorisation_that_nobody_heard_of() {
    let bench = Bench::new().await;
    bench.fault("confirm", "lost_answer", 3).await;
    assert!(!bench.deliver_request().await, "the outcome is unknown");
    assert_eq!(bench.ledger().await, ["authorized"]);
    assert!(matches!(bench.state().await, State::Requested { .. }));

    assert!(bench.deliver_void().await);
    assert!(bench.deliver_request().await);
    assert_eq!(bench.ledger().await, ["authorized", "voided"]);
    assert_eq!(bench.announced().await, [VOIDED]);
}

#[tokio::test]
async fn an_unknown_outcome_is_undone_once_the_deadline_has_passed() {
    let bench = Bench::new().await;
    bench.fault("confirm", "lost_answer", 3).await;
    assert!(!bench.deliver_request().await, "the outcome is unknown");

    let late = bench.due(clock::now() - TimeDelta::seconds(1));
    assert!(late.deliver_request().await);
    assert_eq!(late.ledger().await, ["authorized", "voided"]);
    assert_eq!(late.announced().await, [VOIDED]);
}

#[tokio::test]
async fn a_void_while_the_confirmation_is_on_its_way_undoes_it() {
    let bench = Bench::new().await;
    bench.slow("confirm", Duration::from_millis(500)).await;
    let void_once_requested = async {
        eventually("the intent is recorded", Duration::from_secs(10), async || {
            bench.app.store.load(bench.request.payment_id).await.unwrap()
        })
        .await;
        bench.another_function().deliver_void().await
    };
    join(bench.deliver_request(), void_once_requested).await;
    bench.deliver_until_handled(bench.request_message()).await;
    bench.deliver_until_handled(bench.void_message()).await;

    assert_eq!(held(&bench).await, 0);
    assert!(matches!(bench.state().await, State::Voided { .. }));
    assert_eq!(bench.announced().await.last(), Some(&VOIDED));
}

#[tokio::test]
async fn requests_and_voids_at_once_never_leave_money_held() {
    let benches: Vec<_> = join_all((0..20).map(|_| Bench::new())).await;
    join_all(benches.iter().map(async |bench| {
        let functions: Vec<_> = (0..4).map(|_| bench.another_function()).collect();
        let messages = [bench.request_message(), bench.void_message(), bench.request_message(), bench.void_message()];
        join_all(functions.iter().zip(messages).map(|(function, message)| deliver(&function.app, [message]))).await;
        bench.deliver_until_handled(bench.request_message()).await;
        bench.deliver_until_handled(bench.void_message()).await;

        assert_eq!(held(bench).await, 0);
        assert!(matches!(bench.state().await, State::Voided { .. }));
        let announced = bench.announced().await;
        assert!([vec![VOIDED], vec![AUTHORIZED, VOIDED]].contains(&announced), "{announced:?}");
    }))
    .await;
}

#[rstest]
#[tokio::test]
async fn a_void_survives_what_the_processor_does_to_it(
    #[values("error_500", "error_500_after", "lost_answer", "rate_limited")] kind: &str,
    #[values(1, 3)] times: usize,
) {
    let bench = Bench::new().await;
    bench.deliver_request().await;
    bench.fault("cancel", kind, times).await;
    let deliveries = bench.deliver_until_handled(bench.void_message()).await;

    assert!(deliveries <= 2, "{deliveries}");
    assert_eq!(bench.ledger().await, ["authorized", "voided"]);
    assert_eq!(bench.announced().await, [AUTHORIZED, VOIDED]);
}

#[tokio::test]
async fn any_delivery_finishes_a_void_that_was_begun() {
    let bench = Bench::new().await;
    bench.deliver_request().await;
    bench.fault("cancel", "error_500", 3).await;
    assert!(!bench.deliver_void().await);
    assert!(matches!(bench.state().await, State::VoidPending { .. }));

    assert!(bench.deliver_request().await);
    assert_eq!(bench.ledger().await, ["authorized", "voided"]);
    assert!(matches!(bench.state().await, State::Voided { .. }));
}

#[tokio::test]
async fn a_void_finds_what_a_crash_left_between_the_record_and_the_call() {
    let bench = Bench::new().await;
    record_intent(&bench.app, &bench).await;
    assert!(bench.deliver_void().await);
    assert!(bench.deliver_request().await);

    assert!(bench.ledger().await.is_empty());
    assert_eq!(bench.announced().await, [VOIDED]);
}

#[tokio::test]
async fn a_request_goes_on_where_a_crash_left_it_between_the_record_and_the_call() {
    let bench = Bench::new().await;
    record_intent(&bench.app, &bench).await;
    assert!(bench.deliver_request().await);

    assert_eq!(bench.ledger().await, ["authorized"]);
    assert_eq!(bench.announced().await, [AUTHORIZED]);
}

/// What a function has done that dies just before it confirms.
async fn record_intent(app: &AppState, bench: &Bench) {
    let request = &bench.request;
    let Preparation::Ready(intent) = app.processor.prepare(request).await.unwrap() else { panic!("it is refused") };
    let now = clock::now();
    let payment = Payment {
        id: request.payment_id,
        order_id: request.order_id,
        version: 1,
        charge: Some(Charge { user_id: request.user_id, amount: request.amount }),
        state: State::Requested { intent },
        created_at: now,
        updated_at: now,
    };
    app.store.commit(&Change { payment, event: None }, None).await.unwrap();
}

async fn held(bench: &Bench) -> usize {
    let ledger = bench.ledger().await;
    let count = |kind| ledger.iter().filter(|entry| *entry == kind).count();
    assert!(count("authorized") <= 1, "{ledger:?}");
    count("authorized") - count("voided")
}
