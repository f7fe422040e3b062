//! Events of product and payment, for orders of the tests.

use chrono::TimeDelta;
use contracts::{
    Currency, Envelope, Event, EventId, Money, OrderId, PaymentId, ProductId, ReservationId,
    event::{
        payment::{DeclineReason, PaymentAuthorized, PaymentDeclined, PaymentVoided},
        product::{ProductChanged, ReservedLine, StockReserved, Variant},
    },
};
use order::clock;

pub fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn envelope(subject: impl ToString, sequence: u64, event: Event) -> Envelope {
    Envelope::new(EventId::generate(), subject, sequence, clock::now(), event)
}

pub fn product_changed(product_id: ProductId, sequence: u64, variants: &[(&str, Money)]) -> Envelope {
    let variant =
        |(sku, price): &(&str, Money)| Variant { sku: sku.parse().unwrap(), name: String::new(), price: *price };
    let variants = variants.iter().map(variant).collect();
    let product = ProductChanged { product_id, name: "Kettle".to_owned(), for_sale: true, variants };
    envelope(product_id, sequence, Event::ProductChanged(product))
}

/// Reservation of two pieces of `A`.
pub fn stock_reserved(order_id: OrderId, minor: i64) -> Envelope {
    let line = ReservedLine { sku: "A".parse().unwrap(), quantity: 2, unit_price: euro(minor) };
    let reservation_id = ReservationId::generate();
    let expires_at = clock::now() + TimeDelta::minutes(15);
    let reserved = StockReserved { order_id, reservation_id, lines: vec![line], expires_at };
    envelope(order_id, 1, Event::StockReserved(reserved))
}

pub fn authorized(order_id: OrderId, payment_id: PaymentId, minor: i64) -> Envelope {
    let authorized = PaymentAuthorized { payment_id, order_id, amount: euro(minor), expires_at: None };
    envelope(payment_id, 1, Event::PaymentAuthorized(authorized))
}

pub fn declined(order_id: OrderId, payment_id: PaymentId) -> Envelope {
    let reason = DeclineReason::InsufficientFunds;
    envelope(payment_id, 1, Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }))
}

pub fn voided(order_id: OrderId, payment_id: PaymentId) -> Envelope {
    envelope(payment_id, 2, Event::PaymentVoided(PaymentVoided { payment_id, order_id }))
}

/// Any other event about an order.
pub fn about(order_id: OrderId, event: Event) -> Envelope {
    envelope(order_id, 2, event)
}
