//! The saga in memory: each rule by itself, then thousands of schedules against models of product and payment.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot continue has failed")]

mod neighbors;
mod obligations;
mod orders;
mod rules;
mod schedules;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Currency, Money, OrderId, PaymentId, Sku, UserId, number::Integer};
use order::domain::{Cart, Decision, NewOrder, Offer, Order, PaymentMethod, Quantity, Rules, ShippingAddress};
use uuid::Uuid;

/// The service's defaults.
const RULES: Rules = Rules { stock_deadline: TimeDelta::seconds(120), payment_deadline: TimeDelta::seconds(600) };

/// Returns a time, in seconds since the start of the test.
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

/// Places an order of `lines` (SKU, quantity, price shown) at the time `seconds`.
fn place(id: OrderId, lines: &[(&str, u32, i64)], seconds: i64) -> Decision {
    let mut cart = Cart::default();
    for (name, quantity, price) in lines {
        let offer = Offer { name: (*name).to_owned(), price: eur(*price), for_sale: true };
        cart.put(&sku(name), Quantity::try_from(Integer((*quantity).into())).unwrap(), Some(&offer)).unwrap();
    }
    let user_id = UserId::from(Uuid::from_u128(1));
    let new = NewOrder { id, user_id, payment_method: visa(), shipping_address: address() };
    Order::place(new, &cart, &RULES, at(seconds)).unwrap()
}
