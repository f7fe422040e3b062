//! Events that product publishes on `product-events`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, ProductId, ReservationId, Sku};

/// Payload of `shop.product.changed.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductChanged {
    /// Id of the product.
    pub product_id: ProductId,
    /// Name in the catalogue.
    pub name: String,
    /// False if the product can no longer be bought.
    pub for_sale: bool,
    /// Variants that can be bought.
    pub variants: Vec<Variant>,
}

/// Variant of a product: one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Variant {
    /// SKU of the variant.
    pub sku: Sku,
    /// Name that distinguishes the variant from others, such as `500 g`; empty for the only variant of a product.
    pub name: String,
    /// Price of one piece, including taxes.
    pub price: Money,
}

/// Payload of `shop.product.stock_reserved.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReserved {
    /// Order that the stock was requested for.
    pub order_id: OrderId,
    /// Id of the reservation.
    pub reservation_id: ReservationId,
    /// Reserved stock, sorted by SKU.
    pub lines: Vec<ReservedLine>,
    /// Time at which the stock is released, unless the order is confirmed before.
    pub expires_at: DateTime<Utc>,
}

/// Reserved stock of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservedLine {
    /// SKU.
    pub sku: Sku,
    /// Number of pieces.
    pub quantity: u32,
    /// Price of one piece at the time of the reservation: the authoritative one.
    pub unit_price: Money,
}

/// Payload of `shop.product.stock_rejected.v1`.
///
/// Also published if an order is confirmed after its reservation expired and its stock is no longer available.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockRejected {
    /// Order that the stock was requested for.
    pub order_id: OrderId,
    /// Shortages, sorted by SKU. Never empty.
    pub shortages: Vec<Shortage>,
}

/// SKU with insufficient stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct Shortage {
    /// SKU.
    pub sku: Sku,
    /// Requested number of pieces.
    pub requested: u32,
    /// Available number of pieces; zero for an unknown SKU.
    pub available: u32,
}

/// Payload of `shop.product.reservation_expiring.v1`.
///
/// Published before the end of a reservation that is neither confirmed nor released. The order repeats its latest
/// event: an earlier one may be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationExpiring {
    /// Order that the stock is reserved for.
    pub order_id: OrderId,
    /// Id of the reservation.
    pub reservation_id: ReservationId,
    /// Time at which the stock is released, unless the order is confirmed before.
    pub expires_at: DateTime<Utc>,
}

/// Payload of `shop.product.stock_returned.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockReturned {
    /// Order that the stock was sold to.
    pub order_id: OrderId,
    /// Id of the reservation.
    pub reservation_id: ReservationId,
}

/// Payload of `shop.product.reservation_expired.v1`.
///
/// Published at the end of a reservation that is neither confirmed nor released, and then repeatedly, with a higher
/// sequence, until the order's confirmation, rejection or cancellation arrives. The order repeats its latest event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationExpired {
    /// Order that the stock was reserved for.
    pub order_id: OrderId,
    /// Id of the reservation.
    pub reservation_id: ReservationId,
}
