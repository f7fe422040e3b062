//! Obligations: what another service owes the order until it has answered. A message may be lost, so the order asks
//! again, with growing patience, until it has the answer.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::PaymentId;
use serde::{Deserialize, Serialize};

use super::{Order, PaymentMethod};

/// Longest time between two requests.
const MAX_PATIENCE: TimeDelta = TimeDelta::hours(6);

/// Time before the end of an authorization at which its capture is overdue.
const CAPTURE_MARGIN: TimeDelta = TimeDelta::hours(24);

/// Answer or effect that an order waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "owed", rename_all = "snake_case")]
pub enum Owed {
    /// Product reserves the stock, or rejects it.
    Reservation,
    /// Payment authorizes the attempt, or declines it.
    Authorization {
        /// Payment attempt.
        payment_id: PaymentId,
        /// Payment method to charge.
        payment_method: PaymentMethod,
    },
    /// Payment voids the attempt, whether or not it has processed it before.
    Void {
        /// Payment attempt.
        payment_id: PaymentId,
    },
    /// Product returns the stock that was sold to the order.
    Return,
    /// The shop ships the order and captures its money, before the authorization expires.
    Capture {
        /// Payment attempt.
        payment_id: PaymentId,
    },
}

/// An [`Owed`] effect with the requests for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// Answer or effect.
    #[serde(flatten)]
    pub what: Owed,
    /// Number of requests.
    pub asked: u32,
    /// Time of the first request.
    pub since: DateTime<Utc>,
    /// Time of the next request.
    pub ask_again_at: DateTime<Utc>,
}

impl Owed {
    /// Returns the name in logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Authorization { .. } => "authorization",
            Self::Void { .. } => "void",
            Self::Return => "return",
            Self::Capture { .. } => "capture",
        }
    }

    /// Returns the time from the first request to the second: longer than an answer takes, including some retries.
    const fn patience(&self) -> TimeDelta {
        match self {
            Self::Reservation => TimeDelta::seconds(40),
            Self::Authorization { .. } => TimeDelta::seconds(60),
            Self::Return => TimeDelta::minutes(5),
            Self::Void { .. } => TimeDelta::minutes(15),
            Self::Capture { .. } => MAX_PATIENCE,
        }
    }
}

impl Obligation {
    /// Starts an obligation with the first request.
    pub(super) fn new(what: Owed, now: DateTime<Utc>) -> Self {
        let ask_again_at = now + what.patience();
        Self { what, asked: 1, since: now, ask_again_at }
    }

    /// Returns the capture of an authorization that expires at `expires_at`.
    pub(super) fn capture(payment_id: PaymentId, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { ask_again_at: expires_at - CAPTURE_MARGIN, ..Self::new(Owed::Capture { payment_id }, now) }
    }

    /// Records another request. The patience doubles with each.
    pub(super) fn ask_again(&mut self, now: DateTime<Utc>) {
        let factor = 1 << self.asked.min(16);
        self.ask_again_at = now + (self.what.patience() * factor).min(MAX_PATIENCE);
        self.asked = self.asked.saturating_add(1);
    }
}

impl Order {
    /// Adds an obligation.
    pub(super) fn owe(&mut self, obligation: Obligation) {
        self.owed.retain(|owed| owed.what != obligation.what);
        self.owed.push(obligation);
    }

    /// Returns true if payment owes the void of the attempt.
    pub(super) fn is_void_owed(&self, payment_id: PaymentId) -> bool {
        self.owed.iter().any(|owed| owed.what == Owed::Void { payment_id })
    }

    /// Removes what payment owes for an attempt: the outcome is known.
    pub(super) fn settle_payment(&mut self, payment_id: PaymentId) {
        self.owed.retain(|owed| match &owed.what {
            Owed::Authorization { payment_id: owed, .. }
            | Owed::Void { payment_id: owed }
            | Owed::Capture { payment_id: owed } => *owed != payment_id,
            Owed::Reservation | Owed::Return => true,
        });
    }

    /// Removes an obligation of product.
    pub(super) fn settle(&mut self, what: &Owed) {
        self.owed.retain(|owed| owed.what != *what);
    }

    /// Returns the next obligation that is overdue at `now`.
    pub(super) fn overdue(&self, now: DateTime<Utc>) -> Option<&Obligation> {
        self.owed.iter().filter(|owed| owed.ask_again_at <= now).min_by_key(|owed| owed.ask_again_at)
    }
}
