//! Inputs of [`decide`](super::decide()): everything that may happen to an order.

use chrono::{DateTime, Utc};
use contracts::{
    Money, PaymentId,
    event::{
        payment::DeclineReason,
        product::{Shortage, StockReserved},
    },
};
use serde::{Deserialize, Serialize};

use super::PaymentMethod;

/// An event or a command. It may arrive late, more than once, or out of order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Product reserved the stock of all lines.
    StockReserved {
        /// Reservation, with the authoritative prices.
        reservation: StockReserved,
        /// New id, for the payment attempt that may follow.
        payment_id: PaymentId,
    },
    /// Product has no stock: it never had, or other orders took it after the reservation expired.
    StockRejected {
        /// Lines that are not in stock.
        shortages: Vec<Shortage>,
    },
    /// The reservation is about to expire: product asks for the order's latest event.
    ReservationExpiring {
        /// Version of the reservation: a higher one than of the previous question.
        version: u64,
    },
    /// Product released the reservation because it expired.
    ReservationExpired {
        /// Version of the reservation: a higher one than of the previous question.
        version: u64,
    },
    /// The stock that was sold to the order is available again.
    StockReturned,
    /// The issuer authorized an amount.
    PaymentAuthorized {
        /// Payment attempt.
        payment_id: PaymentId,
        /// Authorized amount.
        amount: Money,
        /// Time at which the authorization expires, if the processor told.
        expires_at: Option<DateTime<Utc>>,
    },
    /// The issuer declined.
    PaymentDeclined {
        /// Payment attempt.
        payment_id: PaymentId,
        /// Reason of the decline.
        reason: DeclineReason,
    },
    /// A payment attempt is voided: it holds no money and never will.
    PaymentVoided {
        /// Payment attempt.
        payment_id: PaymentId,
    },
    /// The sweep asks whether a deadline has passed or an obligation is overdue.
    DeadlinePassed,
    /// The owner requests cancellation.
    CancelRequested,
    /// The owner provides another payment method.
    PaymentMethodGiven {
        /// New id, for the payment attempt that may follow.
        payment_id: PaymentId,
        /// Payment method.
        payment_method: PaymentMethod,
    },
}

/// Cause of a change of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The customer placed the order.
    Checkout,
    /// Stock was reserved.
    StockReserved,
    /// Stock was not available.
    StockRejected,
    /// The reservation was about to expire.
    ReservationExpiring,
    /// The reservation expired.
    ReservationExpired,
    /// The stock was returned.
    StockReturned,
    /// The payment was authorized.
    PaymentAuthorized,
    /// The payment was declined.
    PaymentDeclined,
    /// The payment was voided.
    PaymentVoided,
    /// The deadline passed.
    DeadlinePassed,
    /// The customer requested cancellation.
    CancelRequested,
    /// The customer provided another payment method.
    PaymentMethodGiven,
    /// A cause that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Cause {
    /// Returns the wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::StockReserved => "stock_reserved",
            Self::StockRejected => "stock_rejected",
            Self::ReservationExpiring => "reservation_expiring",
            Self::ReservationExpired => "reservation_expired",
            Self::StockReturned => "stock_returned",
            Self::PaymentAuthorized => "payment_authorized",
            Self::PaymentDeclined => "payment_declined",
            Self::PaymentVoided => "payment_voided",
            Self::DeadlinePassed => "deadline_passed",
            Self::CancelRequested => "cancel_requested",
            Self::PaymentMethodGiven => "payment_method_given",
            Self::Unknown => "unknown",
        }
    }
}

impl Input {
    /// Returns the cause that the history records.
    pub const fn cause(&self) -> Cause {
        match self {
            Self::StockReserved { .. } => Cause::StockReserved,
            Self::StockRejected { .. } => Cause::StockRejected,
            Self::ReservationExpiring { .. } => Cause::ReservationExpiring,
            Self::ReservationExpired { .. } => Cause::ReservationExpired,
            Self::StockReturned => Cause::StockReturned,
            Self::PaymentAuthorized { .. } => Cause::PaymentAuthorized,
            Self::PaymentDeclined { .. } => Cause::PaymentDeclined,
            Self::PaymentVoided { .. } => Cause::PaymentVoided,
            Self::DeadlinePassed => Cause::DeadlinePassed,
            Self::CancelRequested => Cause::CancelRequested,
            Self::PaymentMethodGiven { .. } => Cause::PaymentMethodGiven,
        }
    }
}
