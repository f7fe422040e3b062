//! Events that payment publishes on `payment-events`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Money, OrderId, PaymentId};

/// Payload of `shop.payment.authorized.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentAuthorized {
    /// Payment attempt.
    pub payment_id: PaymentId,
    /// Id of the order.
    pub order_id: OrderId,
    /// Authorized amount: exactly the requested one.
    pub amount: Money,
    /// Time at which the authorization expires unless it is captured. Absent if the processor does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Payload of `shop.payment.declined.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentDeclined {
    /// Payment attempt.
    pub payment_id: PaymentId,
    /// Id of the order.
    pub order_id: OrderId,
    /// Reason, as far as the issuer and the processor give one.
    pub reason: DeclineReason,
}

/// Reason of a decline, in terms that a customer can act on. The processor's own code stays in payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The issuer declined without a reason that may be disclosed.
    CardDeclined,
    /// The account has insufficient funds.
    InsufficientFunds,
    /// The card has expired.
    ExpiredCard,
    /// The card number, the security code or the token is not valid.
    InvalidCard,
    /// The issuer requires authentication by the customer, which this shop does not support yet.
    AuthenticationRequired,
    /// The processor does not accept this amount or currency, with any card. The order cannot be paid.
    AmountNotAccepted,
    /// A reason that this version does not know. Another card may help.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Payload of `shop.payment.voided.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentVoided {
    /// Payment attempt.
    pub payment_id: PaymentId,
    /// Id of the order.
    pub order_id: OrderId,
}
