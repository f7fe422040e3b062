//! Rules of the saga, each by itself.

use contracts::{
    Currency, Event, Money, Sku,
    event::{
        order::{CancellationReason, RejectionReason},
        payment::DeclineReason,
    },
};
use order::domain::{
    AttemptStatus, Cause, DECLINE_HOLD, Input, MAX_ATTEMPTS, Order, RESERVATION_MARGIN, Refusal, State, Status, decide,
};
use rstest::rstest;

use super::{RULES, at, eur, order_id, orders::*, payment_id, place, sku};

#[test]
fn a_placed_order_requests_stock_at_the_prices_shown() {
    let decision = place(order_id(1), &[("A", 2, 100), ("B", 1, 50)], 0);
    assert_eq!(kinds(&decision), ["placed"]);
    let order = decision.order;
    assert_eq!((order.version, order.total, order.state.deadline()), (1, eur(250), Some(at(120))));
}

#[test]
fn a_reservation_at_the_prices_shown_requests_exactly_the_total() {
    let decision = change(&placed(), &reserved_as_shown(), 5);
    let [Event::PaymentRequested(request)] = &decision.events[..] else { panic!("{decision:?}") };
    assert_eq!((request.amount, request.payment_id, request.deadline), (eur(250), payment_id(1), at(605)));
    assert_eq!(decision.order.state, State::AwaitingPayment { deadline: at(605), hold_until: Some(at(885)) });
}

#[test]
fn a_decreased_price_is_charged() {
    let order = change(&placed(), &reservation([eur(90), eur(50)], at(900)), 5).order;
    assert_eq!((order.total, order.lines[0].unit_price), (eur(230), eur(90)));
}

#[rstest]
#[case::increased([eur(90), eur(51)])]
#[case::in_another_currency([eur(100), Money::new(50, Currency::JPY)])]
fn a_customer_is_never_charged_more_than_shown(#[case] prices: [Money; 2]) {
    let decision = change(&placed(), &reservation(prices, at(900)), 5);
    assert_eq!(kinds(&decision), ["rejected"]);
    assert_eq!(
        decision.order.state,
        State::Rejected { reason: RejectionReason::PriceIncreased, shortages: Vec::new() }
    );
    assert_eq!(decision.order.total, eur(250));
}

#[test]
fn the_payment_deadline_is_before_the_end_of_the_reservation() {
    let order = change(&placed(), &reservation([eur(100), eur(50)], at(300)), 5).order;
    assert_eq!(order.state.deadline(), Some(at(300) - RESERVATION_MARGIN));
}

#[test]
fn a_reservation_about_to_expire_cancels_the_order() {
    let decision = change(&placed(), &reservation([eur(100), eur(50)], at(19)), 5);
    assert_eq!(kinds(&decision), ["cancelled"]);
}

#[test]
fn a_reservation_of_other_lines_is_refused() {
    let mut order = placed();
    order.lines[0].quantity = 3;
    assert_eq!(decide(&order, &reserved_as_shown(), &RULES, at(1)), Err(Refusal::ReservationMismatch));
    order.lines.remove(0);
    assert_eq!(decide(&order, &reserved_as_shown(), &RULES, at(1)), Err(Refusal::ReservationMismatch));
}

#[test]
fn an_order_without_stock_is_rejected() {
    let decision = change(&placed(), &out_of_stock(), 5);
    assert_eq!(kinds(&decision), ["rejected"]);
    assert_eq!(decision.order.state, State::Rejected { reason: RejectionReason::OutOfStock, shortages: shortages() });
}

#[test]
fn an_authorization_of_exactly_the_total_confirms() {
    let decision = change(&awaiting_payment(), &authorized(1, 250), 5);
    assert_eq!(kinds(&decision), ["confirmed"]);
    assert_eq!(decision.order.state, State::Confirmed);
}

#[rstest]
#[case::less(awaiting_payment(), authorized(1, 249))]
#[case::more(awaiting_payment(), authorized(1, 251))]
#[case::an_unknown_attempt(awaiting_payment(), authorized(9, 250))]
#[case::an_old_attempt(after(awaiting_payment(), &[declined(1), card(2)]), authorized(1, 250))]
#[case::an_old_attempt_of_a_confirmed_order(
    after(awaiting_payment(), &[declined(1), card(2), authorized(2, 250)]),
    authorized(1, 250)
)]
#[case::before_there_was_stock(placed(), authorized(1, 250))]
fn any_other_authorization_is_voided(#[case] order: Order, #[case] input: Input) {
    let decision = change(&order, &input, 5);
    assert_eq!(kinds(&decision), ["void_requested"]);
    assert_eq!(decision.order.state, order.state);
}

#[test]
fn after_a_decline_the_order_accepts_another_card() {
    let declined = change(&awaiting_payment(), &declined(1), 5);
    assert_eq!(declined.events, []);
    let decision = change(&declined.order, &card(2), 100);
    assert_eq!(kinds(&decision), ["payment_requested"]);
    assert_eq!(change(&decision.order, &authorized(2, 250), 101).order.state, State::Confirmed);
}

#[test]
fn an_order_whose_amount_is_not_accepted_is_cancelled_at_once() {
    let refused = Input::PaymentDeclined { payment_id: payment_id(1), reason: DeclineReason::AmountNotAccepted };
    let decision = change(&awaiting_payment(), &refused, 5);
    assert_eq!(kinds(&decision), ["cancelled"], "no money is held, so there is nothing to void");
    assert_eq!(decision.order.state, State::Cancelled { reason: CancellationReason::AmountNotAccepted });
    changes_nothing(&decision.order, &refused);
    changes_nothing(&cancelled(), &refused);
}

#[test]
fn after_a_void_the_order_accepts_another_card() {
    let order = after(awaiting_payment(), &[voided(1)]);
    assert_eq!(kinds(&change(&order, &card(2), 5)), ["payment_requested"]);
}

#[rstest]
#[case(placed(), 1, Refusal::NotAwaitingPayment(Status::Placed))]
#[case(confirmed(), 1, Refusal::NotAwaitingPayment(Status::Confirmed))]
#[case(awaiting_payment(), 1, Refusal::PaymentInProgress)]
#[case(after(awaiting_payment(), &[authorized(1, 1)]), 1, Refusal::PaymentInProgress)]
#[case(after(awaiting_payment(), &[declined(1)]), 182, Refusal::DeadlinePassed)]
fn another_card_is_accepted_only_after_a_decline_and_before_the_deadline(
    #[case] order: Order,
    #[case] seconds: i64,
    #[case] refusal: Refusal,
) {
    assert_eq!(decide(&order, &card(2), &RULES, at(seconds)), Err(refusal));
}

#[test]
fn the_number_of_payment_attempts_is_limited() {
    let mut order = after(awaiting_payment(), &[declined(1)]);
    for number in 2..=MAX_ATTEMPTS as u128 {
        order = after(order, &[card(number), declined(number)]);
    }
    assert_eq!(decide(&order, &card(99), &RULES, at(5)), Err(Refusal::TooManyAttempts));
}

#[rstest]
#[case::placed(placed(), &["cancelled"])]
#[case::pending(awaiting_payment(), &["cancelled", "void_requested"])]
#[case::declined(after(awaiting_payment(), &[declined(1)]), &["cancelled"])]
#[case::voided(after(awaiting_payment(), &[voided(1)]), &["cancelled"])]
#[case::confirmed(confirmed(), &["cancelled", "void_requested"])]
fn a_cancellation_voids_the_payment(#[case] order: Order, #[case] events: &[&str]) {
    let decision = change(&order, &Input::CancelRequested, 5);
    assert_eq!(kinds(&decision), events);
    assert_eq!(decision.order.state, State::Cancelled { reason: CancellationReason::Requested });
}

#[test]
fn cancelling_again_changes_nothing_and_a_rejected_order_cannot_be_cancelled() {
    changes_nothing(&cancelled(), &Input::CancelRequested);
    let rejected = after(placed(), &[out_of_stock()]);
    let refusal = decide(&rejected, &Input::CancelRequested, &RULES, at(5));
    assert_eq!(refusal, Err(Refusal::NotCancellable(Status::Rejected)));
}

#[rstest]
#[case::no_stock(placed(), 119, 120, CancellationReason::StockTimeout)]
#[case::no_money(awaiting_payment(), 600, 601, CancellationReason::PaymentTimeout)]
fn a_passed_deadline_cancels(
    #[case] order: Order,
    #[case] early: i64,
    #[case] late: i64,
    #[case] reason: CancellationReason,
) {
    let before = change(&order, &Input::DeadlinePassed, early);
    assert!(before.overdue.is_some(), "before the deadline, it only asks again");
    let decision = change(&order, &Input::DeadlinePassed, late);
    assert_eq!(decision.order.state, State::Cancelled { reason });
}

#[test]
fn the_end_of_the_reservation_cancels_an_unconfirmed_order() {
    for order in [placed(), awaiting_payment()] {
        assert_eq!(kinds(&change(&order, &expired(3), 5))[0], "cancelled");
    }
}

#[rstest]
#[case::confirmed(confirmed(), "confirmed")]
#[case::cancelled(cancelled(), "cancelled")]
#[case::rejected(after(placed(), &[out_of_stock()]), "rejected")]
fn product_gets_the_latest_event_again_when_it_asks(#[case] order: Order, #[case] event: &str) {
    let told = change(&order, &expiring(2), 5);
    assert_eq!(kinds(&told), [event]);
    changes_nothing(&told.order, &expiring(2));
    let told = change(&told.order, &expired(3), 6);
    assert_eq!(kinds(&told), [event]);
    changes_nothing(&told.order, &expired(3));
    changes_nothing(&told.order, &expiring(2));
}

#[test]
fn a_decline_shortens_the_hold_and_another_card_extends_it() {
    let declined = change(&awaiting_payment(), &declined(1), 5).order;
    assert_eq!(declined.state.deadline(), Some(at(5) + DECLINE_HOLD));
    let paying = change(&declined, &card(2), 100).order;
    assert_eq!(paying.state.deadline(), Some(at(700)));
    let late = change(&declined, &card(2), 180).order;
    assert_eq!(late.state.deadline(), Some(at(780)));
}

#[test]
fn a_confirmation_too_late_for_the_stock_is_compensated() {
    let decision = change(&confirmed(), &out_of_stock(), 5);
    assert_eq!(kinds(&decision), ["cancelled", "void_requested"]);
    assert_eq!(decision.order.state, State::Cancelled { reason: CancellationReason::StockLost });
}

#[test]
fn a_confirmed_order_whose_payment_is_voided_is_cancelled() {
    let decision = change(&confirmed(), &voided(1), 5);
    assert_eq!(kinds(&decision), ["cancelled"]);
    assert_eq!(decision.order.attempt(payment_id(1)), Some(AttemptStatus::Voided));
}

#[rstest]
#[case::reserved(awaiting_payment(), reserved_as_shown())]
#[case::reserved_after_the_end(cancelled(), reserved_as_shown())]
#[case::rejected(after(placed(), &[out_of_stock()]), out_of_stock())]
#[case::out_of_stock_after_the_end(cancelled(), out_of_stock())]
#[case::expiring_before_the_end(awaiting_payment(), expiring(2))]
#[case::authorized_while_the_void_is_owed(cancelled(), authorized(1, 250))]
#[case::returned_without_a_sale(cancelled(), Input::StockReturned)]
#[case::authorized(confirmed(), authorized(1, 250))]
#[case::declined(after(awaiting_payment(), &[declined(1)]), declined(1))]
#[case::declined_long_ago(after(awaiting_payment(), &[declined(1), card(2)]), declined(1))]
#[case::declined_after_the_end(cancelled(), declined(1))]
#[case::voided(after(cancelled(), &[voided(1)]), voided(1))]
#[case::authorized_but_known_to_be_voided(after(cancelled(), &[voided(1)]), authorized(1, 250))]
#[case::an_unknown_attempt_voided(placed(), voided(9))]
#[case::deadline_of_the_past(confirmed(), Input::DeadlinePassed)]
fn a_duplicate_or_late_input_changes_nothing(#[case] order: Order, #[case] input: Input) {
    changes_nothing(&order, &input);
}

#[test]
fn the_history_records_every_change_with_its_time_and_cause() {
    let order = change(&confirmed(), &Input::CancelRequested, 77).order;
    let history: Vec<_> = order.history.iter().map(|change| (change.status, change.cause)).collect();
    let expected = [
        (Status::Placed, Cause::Checkout),
        (Status::AwaitingPayment, Cause::StockReserved),
        (Status::Confirmed, Cause::PaymentAuthorized),
        (Status::Cancelled, Cause::CancelRequested),
    ];
    assert_eq!(history, expected);
    assert_eq!(order.history.last().map(|change| change.at), Some(at(77)));
}

#[test]
fn a_stored_order_is_read_back_unchanged() {
    let lines: Vec<Sku> = placed().lines.into_iter().map(|line| line.sku).collect();
    assert_eq!(lines, [sku("A"), sku("B")]);
    for order in [
        placed(),
        awaiting_payment(),
        after(awaiting_payment(), &[declined(1), card(2)]),
        confirmed(),
        cancelled(),
        after(placed(), &[out_of_stock()]),
    ] {
        let item: serde_dynamo::Item = serde_dynamo::to_item(&order).unwrap();
        assert_eq!(serde_dynamo::from_item::<_, Order>(item).unwrap(), order);
    }
}
