//! Events that order publishes on `order-events`. They include the saga's requests: order is its only orchestrator.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, PaymentId, Sku, UserId};

/// Payload of `shop.order.placed.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// Id of the order.
    pub order_id: OrderId,
    /// Customer who placed the order.
    pub user_id: UserId,
    /// Requested SKUs in ascending order, each once.
    pub lines: Vec<WantedLine>,
    /// Time after which the order no longer accepts a reservation: it is cancelled then. Absent from events of older
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<Utc>>,
}

/// Payload of `shop.order.catalogue_requested.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueRequested {
    /// Time of the request.
    pub requested_at: DateTime<Utc>,
}

/// Requested quantity of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WantedLine {
    /// SKU.
    pub sku: Sku,
    /// Number of pieces, at least 1.
    pub quantity: u32,
}

/// Payload of `shop.order.payment_requested.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRequested {
    /// Id of the order.
    pub order_id: OrderId,
    /// Customer who placed the order.
    pub user_id: UserId,
    /// Payment attempt. Each payment method is a new attempt with a new id.
    pub payment_id: PaymentId,
    /// Total of the order.
    pub amount: Money,
    /// Token of a payment method at the card processor, `pm_…`. Never card data.
    pub payment_method: String,
    /// Time after which the order no longer accepts an authorization.
    pub deadline: DateTime<Utc>,
}

/// Payload of `shop.order.void_requested.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidRequested {
    /// Id of the order.
    pub order_id: OrderId,
    /// Payment attempt to void. Its request may not have reached payment yet.
    pub payment_id: PaymentId,
}

/// Payload of `shop.order.confirmed.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    /// Id of the order.
    pub order_id: OrderId,
    /// Customer who placed the order.
    pub user_id: UserId,
    /// Ordered lines, sorted by SKU. The prices are the charged ones.
    pub lines: Vec<OrderLine>,
    /// Total: exactly the authorized amount.
    pub total: Money,
}

/// Payload of `shop.order.rejected.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRejected {
    /// Id of the order.
    pub order_id: OrderId,
    /// Customer who placed the order.
    pub user_id: UserId,
    /// Reason of the rejection.
    pub reason: RejectionReason,
    /// Ordered lines, sorted by SKU.
    pub lines: Vec<OrderLine>,
}

/// Reason of an order's rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RejectionReason {
    /// At least one line was not in stock.
    OutOfStock,
    /// A price had increased since the cart showed it. Customers are never charged more than they were shown.
    PriceIncreased,
    /// A reason that this version does not know.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Payload of `shop.order.cancelled.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelled {
    /// Id of the order.
    pub order_id: OrderId,
    /// Customer who placed the order.
    pub user_id: UserId,
    /// Reason of the cancellation.
    pub reason: CancellationReason,
    /// Ordered lines, sorted by SKU.
    pub lines: Vec<OrderLine>,
}

/// Reason of an order's cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CancellationReason {
    /// The customer, or staff on the customer's behalf, requested it.
    Requested,
    /// Stock was not reserved in time.
    StockTimeout,
    /// The total was not authorized in time.
    PaymentTimeout,
    /// The reservation expired, and other orders took the stock before the confirmation arrived.
    StockLost,
    /// The card processor does not accept the total: too small, too large, or an unsupported currency.
    AmountNotAccepted,
    /// A reason that this version does not know.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Line of an order, with name and price as shown to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct OrderLine {
    /// SKU.
    pub sku: Sku,
    /// Name of the product and its variant.
    pub name: String,
    /// Number of pieces, at least 1.
    pub quantity: u32,
    /// Price of one piece.
    pub unit_price: Money,
}
