//! Orders in each state, and inputs, for the tests of rules.

use chrono::{DateTime, Utc};
use contracts::{
    Money, ReservationId,
    event::{
        payment::DeclineReason,
        product::{ReservedLine, Shortage, StockReserved},
    },
};
use order::domain::{Decision, Input, Order, decide};
use uuid::Uuid;

use super::{RULES, at, eur, order_id, payment_id, place, sku, visa};

pub fn placed() -> Order {
    place(order_id(1), &[("A", 2, 100), ("B", 1, 50)], 0).order
}

pub fn reservation(prices: [Money; 2], expires_at: DateTime<Utc>) -> Input {
    let line = |name, quantity, unit_price| ReservedLine { sku: sku(name), quantity, unit_price };
    let reservation = StockReserved {
        order_id: order_id(1),
        reservation_id: ReservationId::from(Uuid::from_u128(1)),
        lines: vec![line("A", 2, prices[0]), line("B", 1, prices[1])],
        expires_at,
    };
    Input::StockReserved { reservation, payment_id: payment_id(1) }
}

pub fn reserved_as_shown() -> Input {
    reservation([eur(100), eur(50)], at(900))
}

pub fn authorized(number: u128, minor: i64) -> Input {
    Input::PaymentAuthorized { payment_id: payment_id(number), amount: eur(minor), expires_at: None }
}

pub fn shortages() -> Vec<Shortage> {
    vec![Shortage { sku: sku("A"), requested: 2, available: 1 }]
}

pub fn out_of_stock() -> Input {
    Input::StockRejected { shortages: shortages() }
}

pub const fn expired(version: u64) -> Input {
    Input::ReservationExpired { version }
}

pub const fn expiring(version: u64) -> Input {
    Input::ReservationExpiring { version }
}

pub fn declined(number: u128) -> Input {
    Input::PaymentDeclined { payment_id: payment_id(number), reason: DeclineReason::InsufficientFunds }
}

pub fn voided(number: u128) -> Input {
    Input::PaymentVoided { payment_id: payment_id(number) }
}

pub fn card(number: u128) -> Input {
    Input::PaymentMethodGiven { payment_id: payment_id(number), payment_method: visa() }
}

pub fn after(order: Order, inputs: &[Input]) -> Order {
    inputs.iter().fold(order, |order, input| change(&order, input, 1).order)
}

pub fn awaiting_payment() -> Order {
    after(placed(), &[reserved_as_shown()])
}

pub fn confirmed() -> Order {
    after(awaiting_payment(), &[authorized(1, 250)])
}

pub fn cancelled() -> Order {
    after(awaiting_payment(), &[Input::CancelRequested])
}

/// Returns the decision about an input that must change something, `seconds` after the order was placed.
pub fn change(order: &Order, input: &Input, seconds: i64) -> Decision {
    let decision = decide(order, input, &RULES, at(seconds)).unwrap().expect("the input changes something");
    assert_eq!(decision.order.version, order.version + 1);
    decision
}

#[track_caller]
pub fn changes_nothing(order: &Order, input: &Input) {
    assert_eq!(decide(order, input, &RULES, at(2)), Ok(None));
}

pub fn kinds(decision: &Decision) -> Vec<&str> {
    decision.events.iter().map(|event| event.kind().split('.').nth(2).unwrap()).collect()
}
