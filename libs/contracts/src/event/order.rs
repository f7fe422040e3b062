//! Published by order, on `order-events`. The saga's requests are here too: order is its only conductor.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, PaymentId, Sku, UserId};

/// Payload of `shop.order.placed.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// What is wanted, sorted by SKU, each SKU once.
    pub lines: Vec<WantedLine>,
}

/// Pieces of one SKU that an order wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WantedLine {
    /// What.
    pub sku: Sku,
    /// How many pieces, at least 1.
    pub quantity: u32,
}

/// Payload of `shop.order.payment_requested.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRequested {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// This attempt. Another card is another attempt with another id.
    pub payment_id: PaymentId,
    /// The order's total.
    pub amount: Money,
    /// The processor's token of a payment method, `pm_…`. Never card data.
    pub payment_method: String,
    /// When the order stops waiting: an authorisation that is not there by then is not wanted.
    pub deadline: DateTime<Utc>,
}

/// Payload of `shop.order.void_requested.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidRequested {
    /// The order.
    pub order_id: OrderId,
    /// The attempt that is to be undone. It may not have reached payment yet.
    pub payment_id: PaymentId,
}

/// Payload of `shop.order.confirmed.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// What was bought, sorted by SKU.
    pub lines: Vec<OrderLine>,
    /// What it costs: exactly what was authorised.
    pub total: Money,
}

/// Payload of `shop.order.rejected.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRejected {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// Why.
    pub reason: RejectionReason,
    /// What was wanted, sorted by SKU.
    pub lines: Vec<OrderLine>,
}

/// Why an order was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RejectionReason {
    /// Not all of it was in stock.
    OutOfStock,
    /// Something had become dearer than the cart said. Nobody pays more than they were shown.
    PriceIncreased,
}

/// Payload of `shop.order.cancelled.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelled {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// Why.
    pub reason: CancellationReason,
    /// What was ordered, sorted by SKU.
    pub lines: Vec<OrderLine>,
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CancellationReason {
    /// Its owner, or staff on the owner's behalf, asked for it.
    Requested,
    /// Stock was not reserved in time.
    StockTimeout,
    /// It was not paid in time.
    PaymentTimeout,
    /// The reservation expired, and the stock went to somebody else before the confirmation arrived.
    StockLost,
    /// The card processor takes no payment of its total: it is too small, too large, or in a currency it does not take.
    AmountNotAccepted,
}

/// One line of an order, with what the customer was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct OrderLine {
    /// What.
    pub sku: Sku,
    /// The product's name, with the variant's.
    pub name: String,
    /// How many pieces, at least 1.
    pub quantity: u32,
    /// The price of one piece.
    pub unit_price: Money,
}
