//! A payment as an item of the table.

use chrono::{DateTime, Utc};
use contracts::event::payment::DeclineReason;
use contracts::{Money, OrderId, PaymentId, UserId};
use serde::{Deserialize, Serialize};

use crate::domain::{Charge, IntentId, Payment, Problem, State};

/// Sort key of a payment's state. Ledger entries will be further items under the same partition key.
pub(super) const SORT_KEY: &str = "STATE";

/// Partition key of all items of a payment.
pub(super) fn partition(id: PaymentId) -> String {
    format!("PAYMENT#{id}")
}

/// `PAYMENT#<payment id>` / `STATE`. Has no time to live: it keeps the payment from being carried out a second time.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PaymentItem {
    pk: String,
    sk: String,
    payment_id: PaymentId,
    order_id: OrderId,
    version: u64,
    /// Absent from items of older versions: then every question is answered once more.
    #[serde(default, skip_serializing_if = "is_zero")]
    answered_sequence: u64,
    state: StateName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    processor_intent_id: Option<IntentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decline_reason: Option<DeclineReason>,
    /// Not `expires_at`, which is the table's time to live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorization_expires_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde requires")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateName {
    Requested,
    Authorized,
    Declined,
    VoidPending,
    Voided,
}

impl From<&Payment> for PaymentItem {
    fn from(payment: &Payment) -> Self {
        let Payment { id, order_id, version, answered, charge, state, problem, created_at, updated_at } = payment;
        let (name, decline_reason) = match state {
            State::Requested { .. } => (StateName::Requested, None),
            State::Authorized { .. } => (StateName::Authorized, None),
            State::Declined { reason, .. } => (StateName::Declined, Some(*reason)),
            State::VoidPending { .. } => (StateName::VoidPending, None),
            State::Voided { .. } => (StateName::Voided, None),
        };
        Self {
            pk: partition(*id),
            sk: SORT_KEY.to_owned(),
            payment_id: *id,
            order_id: *order_id,
            version: *version,
            answered_sequence: *answered,
            state: name,
            user_id: charge.as_ref().map(|charge| charge.user_id),
            amount: charge.as_ref().map(|charge| charge.amount),
            processor_intent_id: state.intent().cloned(),
            decline_reason,
            authorization_expires_at: match state {
                State::Authorized { expires_at, .. } => *expires_at,
                _ => None,
            },
            problem: *problem,
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }
}

/// Error: the item lacks an attribute that its state requires.
#[derive(Debug, thiserror::Error)]
#[error("a payment in state {state:?} lacks {attribute}")]
pub(super) struct Incomplete {
    state: StateName,
    attribute: &'static str,
}

impl TryFrom<PaymentItem> for Payment {
    type Error = Incomplete;

    fn try_from(item: PaymentItem) -> Result<Self, Incomplete> {
        let lacks = |attribute| Incomplete { state: item.state, attribute };
        let intent = || item.processor_intent_id.clone().ok_or(lacks("processor_intent_id"));
        let state = match item.state {
            StateName::Requested => State::Requested { intent: intent()? },
            StateName::Authorized => State::Authorized { intent: intent()?, expires_at: item.authorization_expires_at },
            StateName::Declined => {
                let reason = item.decline_reason.ok_or(lacks("decline_reason"))?;
                State::Declined { intent: item.processor_intent_id.clone(), reason }
            }
            StateName::VoidPending => State::VoidPending { intent: intent()? },
            StateName::Voided => State::Voided { intent: item.processor_intent_id.clone() },
        };
        let charge = item.user_id.zip(item.amount).map(|(user_id, amount)| Charge { user_id, amount });
        if charge.is_none() && item.state != StateName::Voided {
            return Err(lacks("user_id or amount"));
        }
        Ok(Self {
            id: item.payment_id,
            order_id: item.order_id,
            version: item.version,
            answered: item.answered_sequence,
            charge,
            state,
            problem: item.problem,
            created_at: item.created_at,
            updated_at: item.updated_at,
        })
    }
}
