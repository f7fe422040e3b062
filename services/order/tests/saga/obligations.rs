//! Obligations: the time at which an order asks again for what others owe it.

use order::domain::{AttemptStatus, Input, Order, Owed, decide};
use rstest::rstest;

use super::{
    RULES, at, eur,
    orders::{
        after, authorized, awaiting_payment, cancelled, change, changes_nothing, confirmed, declined, kinds,
        out_of_stock, placed, reserved_as_shown, voided,
    },
    payment_id, visa,
};

/// Returns the times, in seconds, at which an unanswered order asks again, up to the given number.
fn asked_at(mut order: Order, times: usize) -> Vec<i64> {
    let mut asked = Vec::new();
    while asked.len() < times {
        let due = order.due_at().expect("something is owed");
        let seconds = (due - at(0)).num_seconds();
        assert_eq!(decide(&order, &Input::DeadlinePassed, &RULES, at(seconds - 1)), Ok(None), "not before it is due");
        let decision = change(&order, &Input::DeadlinePassed, seconds);
        if decision.overdue.is_none() {
            return asked;
        }
        assert_eq!(decision.order.history, order.history, "a repeated request is no change for the customer");
        asked.push(seconds);
        order = decision.order;
    }
    asked
}

#[rstest]
#[case::stock(placed(), &[40])]
#[case::an_authorization(awaiting_payment(), &[61, 181, 421])]
#[case::a_void(cancelled(), &[901, 2701, 6301, 13501])]
fn an_order_asks_again_with_growing_patience_until_its_deadline(#[case] order: Order, #[case] expected: &[i64]) {
    assert_eq!(asked_at(order, expected.len()), expected);
}

#[test]
fn the_patience_ends_at_six_hours() {
    let asked = asked_at(cancelled(), 12);
    assert_eq!(asked[11] - asked[10], 6 * 60 * 60);
}

#[rstest]
#[case::stock(placed(), 40, "placed")]
#[case::an_authorization(awaiting_payment(), 61, "payment_requested")]
#[case::a_void(cancelled(), 901, "void_requested")]
#[case::a_return(after(confirmed(), &[Input::CancelRequested, voided(1)]), 301, "cancelled")]
fn a_repeated_request_is_the_same_event(#[case] order: Order, #[case] seconds: i64, #[case] event: &str) {
    assert_eq!(kinds(&change(&order, &Input::DeadlinePassed, seconds)), [event]);
}

#[rstest]
#[case::stock(placed(), reserved_as_shown(), Owed::Reservation)]
#[case::no_stock(placed(), out_of_stock(), Owed::Reservation)]
#[case::an_authorization(awaiting_payment(), authorized(1, 250), authorization())]
#[case::a_decline(awaiting_payment(), declined(1), authorization())]
#[case::a_void(cancelled(), voided(1), Owed::Void { payment_id: payment_id(1) })]
#[case::a_return(after(confirmed(), &[Input::CancelRequested]), Input::StockReturned, Owed::Return)]
fn an_answer_settles_what_is_owed(#[case] order: Order, #[case] answer: Input, #[case] owed: Owed) {
    let is_owed = |order: &Order| order.owed.iter().any(|obligation| obligation.what == owed);
    assert!(is_owed(&order), "{order:#?}");
    assert!(!is_owed(&change(&order, &answer, 5).order));
}

fn authorization() -> Owed {
    Owed::Authorization { payment_id: payment_id(1), payment_method: visa() }
}

#[test]
fn the_void_of_an_unknown_attempt_is_owed_as_well() {
    let order = change(&placed(), &authorized(9, 250), 5).order;
    changes_nothing(&order, &authorized(9, 250));
    let settled = change(&order, &voided(9), 6).order;
    assert!(settled.owed.iter().all(|owed| owed.what == Owed::Reservation), "{settled:#?}");
    changes_nothing(&settled, &voided(9));
}

#[test]
fn a_capture_is_overdue_a_day_before_the_authorization_expires() {
    let expires_at = at(7 * 86_400);
    let input = Input::PaymentAuthorized { payment_id: payment_id(1), amount: eur(250), expires_at: Some(expires_at) };
    let order = change(&awaiting_payment(), &input, 5).order;
    assert_eq!(order.attempt(payment_id(1)), Some(AttemptStatus::Authorized { expires_at: Some(expires_at) }));
    let overdue = change(&order, &Input::DeadlinePassed, 6 * 86_400);
    assert_eq!((overdue.events.len(), overdue.overdue.unwrap().what.as_str()), (0, "capture"));
    assert_eq!(overdue.order.due_at(), None, "once");
    assert_eq!(change(&order, &Input::CancelRequested, 9).order.due_at(), Some(at(309)), "nothing is left to capture");
}
