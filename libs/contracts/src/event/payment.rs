//! Published by payment, on `payment-events`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, PaymentId};

/// Payload of `shop.payment.authorized.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentAuthorized {
    /// The attempt.
    pub payment_id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// What was set aside: exactly what was requested.
    pub amount: Money,
}

/// Payload of `shop.payment.declined.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentDeclined {
    /// The attempt.
    pub payment_id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// Why, as far as issuer and processor tell.
    pub reason: DeclineReason,
}

/// Why a card was declined: what a customer can act on. The processor's own code stays with payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The issuer gave no reason that may be told.
    CardDeclined,
    /// Not enough money.
    InsufficientFunds,
    /// The card is no longer valid.
    ExpiredCard,
    /// The number, the security code or the token is wrong.
    InvalidCard,
    /// The issuer wants the customer to confirm, which this shop does not offer yet.
    AuthenticationRequired,
    /// The processor takes no payment of this amount or in this currency, whatever the card. The order cannot be paid.
    AmountNotAccepted,
}

/// Payload of `shop.payment.voided.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentVoided {
    /// The attempt.
    pub payment_id: PaymentId,
    /// The order.
    pub order_id: OrderId,
}
