//! An authorisation is asked for.

use crate::support::Bench;
use chrono::TimeDelta;
use contracts::event::payment::{DeclineReason, PaymentAuthorized, PaymentDeclined};
use contracts::{Currency, Event, Money};
use futures::future::join_all;
use payment::{clock, domain::State};
use rstest::rstest;

#[tokio::test]
async fn an_approved_card_is_authorised_once_and_announced() {
    let bench = Bench::new().await;
    assert!(bench.deliver_request().await);

    assert_eq!(bench.ledger().await, ["authorized"]);
    assert!(matches!(bench.state().await, State::Authorized { .. }));
    let [announced] = &bench.envelopes().await[..] else { panic!("one event is announced") };
    let (payment_id, order_id) = (bench.request.payment_id, bench.request.order_id);
    assert_eq!(
        announced.event,
        Event::PaymentAuthorized(PaymentAuthorized { payment_id, order_id, amount: bench.request.amount })
    );
    assert_eq!(announced.subject, payment_id.to_string());
    assert_eq!(announced.sequence, bench.payment().await.version);
}

#[rstest]
#[case("pm_card_chargeDeclined", DeclineReason::CardDeclined)]
#[case("pm_card_chargeDeclinedLostCard", DeclineReason::CardDeclined)]
#[case("pm_card_chargeDeclinedProcessingError", DeclineReason::CardDeclined)]
#[case("pm_card_chargeDeclinedInsufficientFunds", DeclineReason::InsufficientFunds)]
#[case("pm_card_chargeDeclinedExpiredCard", DeclineReason::ExpiredCard)]
#[case("pm_card_chargeDeclinedIncorrectCvc", DeclineReason::InvalidCard)]
#[case("pm_card_authenticationRequired", DeclineReason::AuthenticationRequired)]
#[case("pm_of_somebody_else", DeclineReason::InvalidCard)]
#[case("", DeclineReason::InvalidCard)]
#[tokio::test]
async fn a_refused_card_is_announced_with_what_the_customer_can_act_on(
    #[case] payment_method: &str,
    #[case] reason: DeclineReason,
) {
    let bench = Bench::new().await.paid_with(payment_method);
    assert!(bench.deliver_request().await);

    assert!(!bench.ledger().await.contains(&"authorized".to_owned()));
    assert!(matches!(bench.state().await, State::Declined { reason: recorded, .. } if recorded == reason));
    let [announced] = &bench.envelopes().await[..] else { panic!("one event is announced") };
    let (payment_id, order_id) = (bench.request.payment_id, bench.request.order_id);
    assert_eq!(announced.event, Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }));
}

#[rstest]
#[case::too_small(Money::new(49, Currency::EUR))]
#[case::too_large(Money::new(100_000_000, Currency::EUR))]
#[case::nothing(Money::new(0, Currency::EUR))]
#[case::counted_in_other_units(Money::new(5_000, Currency::ISK))]
#[case::counted_in_tens(Money::new(5_001, Currency::KWD))]
#[tokio::test]
async fn an_amount_that_the_processor_never_takes_is_announced_and_no_dead_letter(#[case] amount: Money) {
    let bench = Bench::new().await.of(amount);
    assert!(bench.deliver_request().await);
    assert!(bench.deliver_request().await);

    assert!(bench.ledger().await.is_empty());
    let reason = DeclineReason::AmountNotAccepted;
    assert_eq!(bench.state().await, State::Declined { intent: None, reason });
    let [announced] = &bench.envelopes().await[..] else { panic!("one event is announced") };
    let (payment_id, order_id) = (bench.request.payment_id, bench.request.order_id);
    assert_eq!(announced.event, Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }));

    assert!(bench.deliver_void().await);
    assert_eq!(bench.state().await, State::Voided { intent: None });
}

#[rstest]
#[case::least(Money::new(50, Currency::EUR))]
#[case::most(Money::new(99_999_999, Currency::EUR))]
#[case::without_minor_units(Money::new(5_000, Currency::JPY))]
#[tokio::test]
async fn every_amount_within_the_processors_limits_is_authorised(#[case] amount: Money) {
    let bench = Bench::new().await.of(amount);
    assert!(bench.deliver_request().await);
    assert!(matches!(bench.state().await, State::Authorized { .. }));
}

#[rstest]
#[case("pm_card_visa", "authorized", "shop.payment.authorized.v1")]
#[case("pm_card_chargeDeclined", "declined", "shop.payment.declined.v1")]
#[tokio::test]
async fn ten_deliveries_at_once_to_ten_functions_are_one_attempt(
    #[case] payment_method: &str,
    #[case] entry: &str,
    #[case] event: &str,
) {
    let bench = Bench::new().await.paid_with(payment_method);
    let functions: Vec<_> = (0..10).map(|_| bench.another_function()).collect();
    join_all(functions.iter().map(Bench::deliver_request)).await;
    bench.deliver_until_handled(bench.request_message()).await;

    assert_eq!(bench.ledger().await, [entry]);
    assert_eq!(bench.announced().await, [event]);
}

#[tokio::test]
async fn a_delivery_after_the_outcome_changes_nothing() {
    let bench = Bench::new().await;
    bench.deliver_request().await;
    let before = bench.payment().await;
    // Any call to the processor would fail now.
    bench.fault("*", "error_500", 100).await;
    assert!(bench.deliver_request().await);

    assert_eq!(bench.payment().await, before);
    assert_eq!(bench.announced().await.len(), 1);
}

#[tokio::test]
async fn a_request_that_arrives_after_its_deadline_is_not_carried_out() {
    let bench = Bench::new().await.due(clock::now() - TimeDelta::seconds(1));
    assert!(bench.deliver_request().await);

    assert!(bench.ledger().await.is_empty());
    assert!(matches!(bench.state().await, State::Voided { intent: None }));
    assert_eq!(bench.announced().await, ["shop.payment.voided.v1"]);
}
