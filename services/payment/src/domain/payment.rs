//! A payment: one attempt to have an order paid, with one payment method.

use chrono::{DateTime, Utc};
use contracts::event::payment::DeclineReason;
use contracts::{Money, OrderId, PaymentId, UserId};

use super::IntentId;

/// One attempt to have an order paid. Never deleted: its id is what keeps the attempt from being made twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Made by order.
    pub id: PaymentId,
    /// What is paid.
    pub order_id: OrderId,
    /// Counts the changes, from 1. Also the `sequence` of the event that announces the change.
    pub version: u64,
    /// Whose money, and how much. Nothing where a void came and the request never did.
    pub charge: Option<Charge>,
    /// How far it is.
    pub state: State,
    /// When payment first recorded it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Who pays.
    pub user_id: UserId,
    /// The order's total.
    pub amount: Money,
}

/// How far a payment is. The README has the table of what leads from one to the next.
///
/// Captured and refunded come with the capture of money; they follow on [`State::Authorized`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// An intent is prepared at the processor and recorded here. Whether it is confirmed yet is not known.
    Requested {
        /// The only intent that is ever confirmed for this payment.
        intent: IntentId,
    },
    /// The issuer set the amount aside.
    Authorized {
        /// What holds the money.
        intent: IntentId,
    },
    /// The issuer refused, or the processor did before it asked any. Another card is another payment.
    Declined {
        /// What was tried; nothing where the processor does not take the amount.
        intent: Option<IntentId>,
        /// Why.
        reason: DeclineReason,
    },
    /// Whatever the intent holds is to be let go; the processor has not yet said that it is.
    VoidPending {
        /// What is to be cancelled.
        intent: IntentId,
    },
    /// Nothing is held, and nothing ever will be.
    Voided {
        /// The cancelled intent; nothing where none was ever recorded.
        intent: Option<IntentId>,
    },
}

impl State {
    /// The recorded intent, if there is one.
    pub fn intent(&self) -> Option<&IntentId> {
        match self {
            Self::Requested { intent } | Self::Authorized { intent } | Self::VoidPending { intent } => Some(intent),
            Self::Declined { intent, .. } | Self::Voided { intent } => intent.as_ref(),
        }
    }
}
