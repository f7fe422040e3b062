//! Requested authorizations.

use crate::support::TestPayment;
use chrono::TimeDelta;
use contracts::event::payment::{DeclineReason, PaymentAuthorized, PaymentDeclined};
use contracts::{Currency, Event, Money};
use futures::future::join_all;
use payment::{clock, domain::State};
use rstest::rstest;

#[tokio::test]
async fn an_approved_card_is_authorized_once_and_announced() {
    let payment = TestPayment::new().await;
    assert!(payment.deliver_request().await);

    assert_eq!(payment.ledger().await, ["authorized"]);
    assert!(matches!(payment.state().await, State::Authorized { .. }));
    let [announced] = &payment.envelopes().await[..] else { panic!("one event is announced") };
    let (payment_id, order_id) = (payment.request.payment_id, payment.request.order_id);
    let Event::PaymentAuthorized(PaymentAuthorized { expires_at: Some(expires_at), .. }) = announced.event else {
        panic!("{announced:?}")
    };
    let amount = payment.request.amount;
    let expected = PaymentAuthorized { payment_id, order_id, amount, expires_at: Some(expires_at) };
    assert_eq!(announced.event, Event::PaymentAuthorized(expected));
    // The simulator's issuer holds an amount for seven days.
    let lifetime = expires_at - clock::now();
    assert!(lifetime > TimeDelta::days(6) && lifetime <= TimeDelta::days(7), "{lifetime}");
    assert_eq!(announced.subject, payment_id.to_string());
    assert_eq!(announced.sequence, payment.payment().await.version);
}

#[rstest]
#[case("pm_card_chargeDeclined", DeclineReason::CardDeclined)]
#[case("pm_card_chargeDeclinedLostCard", DeclineReason::CardDeclined)]
#[case("pm_card_chargeDeclinedProcessingError", DeclineReason::CardDeclined)]
#[case("pm_card_chargeDeclinedInsufficientFunds", DeclineReason::InsufficientFunds)]
#[case("pm_card_chargeDeclinedExpiredCard", DeclineReason::ExpiredCard)]
#[case("pm_card_chargeDeclinedIncorrectCvc", DeclineReason::InvalidCard)]
#[case("pm_card_authenticationRequired", DeclineReason::AuthenticationRequired)]
#[case("pm_of_another_account", DeclineReason::InvalidCard)]
#[case("", DeclineReason::InvalidCard)]
#[tokio::test]
async fn a_declined_card_is_announced_with_a_reason_that_the_customer_can_act_on(
    #[case] payment_method: &str,
    #[case] reason: DeclineReason,
) {
    let payment = TestPayment::new().await.paid_with(payment_method);
    assert!(payment.deliver_request().await);

    assert!(!payment.ledger().await.contains(&"authorized".to_owned()));
    assert!(matches!(payment.state().await, State::Declined { reason: recorded, .. } if recorded == reason));
    let [announced] = &payment.envelopes().await[..] else { panic!("one event is announced") };
    let (payment_id, order_id) = (payment.request.payment_id, payment.request.order_id);
    assert_eq!(announced.event, Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }));
}

#[rstest]
#[case::too_small(Money::new(49, Currency::EUR))]
#[case::too_large(Money::new(100_000_000, Currency::EUR))]
#[case::zero(Money::new(0, Currency::EUR))]
#[case::currency_with_other_units(Money::new(5_000, Currency::ISK))]
#[case::currency_in_multiples_of_ten(Money::new(5_001, Currency::KWD))]
#[tokio::test]
async fn an_amount_that_the_processor_never_accepts_is_declined_and_not_a_dead_letter(#[case] amount: Money) {
    let payment = TestPayment::new().await.of(amount);
    assert!(payment.deliver_request().await);
    assert!(payment.deliver_request().await);

    assert!(payment.ledger().await.is_empty());
    let reason = DeclineReason::AmountNotAccepted;
    assert_eq!(payment.state().await, State::Declined { intent: None, reason });
    let [announced] = &payment.envelopes().await[..] else { panic!("one event is announced") };
    let (payment_id, order_id) = (payment.request.payment_id, payment.request.order_id);
    assert_eq!(announced.event, Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }));

    assert!(payment.deliver_void().await);
    assert_eq!(payment.state().await, State::Voided { intent: None });
}

#[rstest]
#[case::minimum(Money::new(50, Currency::EUR))]
#[case::maximum(Money::new(99_999_999, Currency::EUR))]
#[case::without_minor_units(Money::new(5_000, Currency::JPY))]
#[tokio::test]
async fn every_amount_within_the_processors_limits_is_authorized(#[case] amount: Money) {
    let payment = TestPayment::new().await.of(amount);
    assert!(payment.deliver_request().await);
    assert!(matches!(payment.state().await, State::Authorized { .. }));
}

#[rstest]
#[case("pm_card_visa", "authorized", "shop.payment.authorized.v1")]
#[case("pm_card_chargeDeclined", "declined", "shop.payment.declined.v1")]
#[tokio::test]
async fn ten_concurrent_deliveries_to_ten_functions_are_one_attempt(
    #[case] payment_method: &str,
    #[case] entry: &str,
    #[case] event: &str,
) {
    let payment = TestPayment::new().await.paid_with(payment_method);
    let functions: Vec<_> = (0..10).map(|_| payment.another_function()).collect();
    join_all(functions.iter().map(TestPayment::deliver_request)).await;
    payment.deliver_until_handled(payment.request_message()).await;

    assert_eq!(payment.ledger().await, [entry]);
    assert_eq!(payment.announced().await, [event]);
}

#[tokio::test]
async fn a_delivery_after_the_outcome_changes_nothing() {
    let payment = TestPayment::new().await;
    payment.deliver_request().await;
    let before = payment.payment().await;
    // Every call to the processor would fail now.
    payment.fault("*", "error_500", 100).await;
    assert!(payment.redeliver_request().await);

    assert_eq!(payment.payment().await, before);
    assert_eq!(payment.announced().await.len(), 1);
}

#[tokio::test]
async fn the_first_delivery_of_a_request_prepares_without_reading_and_the_conditional_write_decides() {
    let payment = TestPayment::new().await;
    payment.deliver_void().await;
    assert!(payment.redeliver_request().await);
    assert!(payment.intents().await.is_empty(), "a later delivery reads the tombstone");

    assert!(payment.deliver_request().await);
    assert_eq!(payment.intents().await, ["requires_payment_method"], "prepared, and never confirmed");
    assert!(payment.ledger().await.is_empty());
    assert!(matches!(payment.state().await, State::Voided { intent: None }));
    assert_eq!(payment.announced().await, ["shop.payment.voided.v1"]);
}

#[tokio::test]
async fn a_request_that_arrives_after_its_deadline_is_not_carried_out() {
    let payment = TestPayment::new().await.due(clock::now() - TimeDelta::seconds(1));
    assert!(payment.deliver_request().await);

    assert!(payment.ledger().await.is_empty());
    assert!(matches!(payment.state().await, State::Voided { intent: None }));
    assert_eq!(payment.announced().await, ["shop.payment.voided.v1"]);
}
