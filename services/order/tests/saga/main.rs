//! The saga, in memory: every rule by itself, then thousands of schedules of it against models of product and payment.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod neighbours;
mod rules;
mod schedules;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Currency, Money, OrderId, PaymentId, Sku, UserId};
use order::domain::{Cart, Decision, Offer, Order, PaymentMethod, Quantity, Rules, ShippingAddress};
use uuid::Uuid;

/// As the service runs by default.
const RULES: Rules = Rules { stock_deadline: TimeDelta::seconds(120), payment_deadline: TimeDelta::seconds(600) };

/// A moment, in seconds from the beginning of the test's time.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

fn order_id(number: u128) -> OrderId {
    Uuid::from_u128(number).into()
}

fn payment_id(number: u128) -> PaymentId {
    Uuid::from_u128(number).into()
}

fn visa() -> PaymentMethod {
    PaymentMethod::try_from("pm_card_visa".to_owned()).unwrap()
}

fn address() -> ShippingAddress {
    serde_json::from_str(r#"{"name":"A","line1":"B","postal_code":"1","city":"C","country":"DE"}"#).unwrap()
}

/// An order of `lines` (SKU, pieces, price shown), placed at the moment `seconds`.
fn place(id: OrderId, lines: &[(&str, u32, i64)], seconds: i64) -> Decision {
    let mut cart = Cart::default();
    for (name, quantity, price) in lines {
        let offer = Offer { name: (*name).to_owned(), price: eur(*price), for_sale: true };
        cart.put(&sku(name), Quantity::try_from(*quantity).unwrap(), Some(&offer)).unwrap();
    }
    let user = UserId::from(Uuid::from_u128(1));
    Order::place(id, user, &cart, visa(), address(), &RULES, at(seconds)).unwrap()
}
