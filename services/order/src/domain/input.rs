//! What may happen to an order: everything that [`decide`](super::decide()) is asked about.

use contracts::{
    Money, PaymentId,
    event::{payment::DeclineReason, product::StockReserved},
};
use serde::{Deserialize, Serialize};

use super::PaymentMethod;

/// Something that happened, or that somebody wishes. Each may come late, twice, or in another order than it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// All of its stock is set aside.
    StockReserved {
        /// The reservation, with the authoritative prices.
        reservation: StockReserved,
        /// A new id, for the attempt that may follow.
        payment_id: PaymentId,
    },
    /// Its stock is not there: it never was, or it went to somebody else after the reservation had expired.
    StockRejected,
    /// Its reservation was undone, because its time was over.
    ReservationExpired,
    /// The issuer set money aside.
    PaymentAuthorized {
        /// For which attempt.
        payment_id: PaymentId,
        /// How much.
        amount: Money,
    },
    /// The issuer refused.
    PaymentDeclined {
        /// Which attempt.
        payment_id: PaymentId,
        /// Why.
        reason: DeclineReason,
    },
    /// An attempt is undone, or will never be made.
    PaymentVoided {
        /// Which attempt.
        payment_id: PaymentId,
    },
    /// Somebody looks whether the order's time is over.
    DeadlinePassed,
    /// Its owner no longer wants it.
    CancelRequested,
    /// Its owner wants to pay with another method.
    PaymentMethodGiven {
        /// A new id, for the attempt that may follow.
        payment_id: PaymentId,
        /// The method.
        payment_method: PaymentMethod,
    },
}

/// What brought a change about, as the history tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The customer ordered.
    Checkout,
    /// Stock was set aside.
    StockReserved,
    /// Stock was not there.
    StockRejected,
    /// The reservation expired.
    ReservationExpired,
    /// Money was set aside.
    PaymentAuthorized,
    /// The card was declined.
    PaymentDeclined,
    /// An authorisation was undone.
    PaymentVoided,
    /// The order's time was over.
    DeadlinePassed,
    /// The customer asked for it.
    CancelRequested,
    /// The customer gave another payment method.
    PaymentMethodGiven,
}

impl Cause {
    /// The cause as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::StockReserved => "stock_reserved",
            Self::StockRejected => "stock_rejected",
            Self::ReservationExpired => "reservation_expired",
            Self::PaymentAuthorized => "payment_authorized",
            Self::PaymentDeclined => "payment_declined",
            Self::PaymentVoided => "payment_voided",
            Self::DeadlinePassed => "deadline_passed",
            Self::CancelRequested => "cancel_requested",
            Self::PaymentMethodGiven => "payment_method_given",
        }
    }
}

impl Input {
    /// How the history names it.
    pub const fn cause(&self) -> Cause {
        match self {
            Self::StockReserved { .. } => Cause::StockReserved,
            Self::StockRejected => Cause::StockRejected,
            Self::ReservationExpired => Cause::ReservationExpired,
            Self::PaymentAuthorized { .. } => Cause::PaymentAuthorized,
            Self::PaymentDeclined { .. } => Cause::PaymentDeclined,
            Self::PaymentVoided { .. } => Cause::PaymentVoided,
            Self::DeadlinePassed => Cause::DeadlinePassed,
            Self::CancelRequested => Cause::CancelRequested,
            Self::PaymentMethodGiven { .. } => Cause::PaymentMethodGiven,
        }
    }
}
