//! Published by product, on `product-events`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, ProductId, ReservationId, Sku};

/// Payload of `shop.product.changed.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductChanged {
    /// The product.
    pub product_id: ProductId,
    /// The name in the catalogue.
    pub name: String,
    /// False for a product that can no longer be bought.
    pub for_sale: bool,
    /// Everything that can be bought of it.
    pub variants: Vec<Variant>,
}

/// One SKU of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Variant {
    /// What is sold.
    pub sku: Sku,
    /// What tells it from its siblings, such as `500 g`; empty for an only variant.
    pub name: String,
    /// The price of one piece, taxes included.
    pub price: Money,
}

/// Payload of `shop.product.stock_reserved.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReserved {
    /// For whom.
    pub order_id: OrderId,
    /// The reservation.
    pub reservation_id: ReservationId,
    /// What is set aside, sorted by SKU.
    pub lines: Vec<ReservedLine>,
    /// When the stock is taken back, unless the order is confirmed before.
    pub expires_at: DateTime<Utc>,
}

/// Stock of one SKU that is set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservedLine {
    /// What.
    pub sku: Sku,
    /// How many pieces.
    pub quantity: u32,
    /// The authoritative price of one piece at the moment of the reservation.
    pub unit_price: Money,
}

/// Payload of `shop.product.stock_rejected.v1`.
///
/// Also the answer to the confirmation of an order whose reservation had expired, where its stock is gone by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockRejected {
    /// For whom.
    pub order_id: OrderId,
    /// What was missing, sorted by SKU. Never empty.
    pub shortages: Vec<Shortage>,
}

/// A SKU of which there was not enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shortage {
    /// What.
    pub sku: Sku,
    /// How many pieces were wanted.
    pub requested: u32,
    /// How many there were; zero also for a SKU that is not sold at all.
    pub available: u32,
}

/// Payload of `shop.product.reservation_expired.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationExpired {
    /// Whose stock it was.
    pub order_id: OrderId,
    /// The reservation.
    pub reservation_id: ReservationId,
}
