//! Statuses of an intent, and the effects of a transition.

use serde::{Deserialize, Serialize};

use super::{card::Decline, ledger::Kind};

/// Stripe's status of a payment intent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    #[default]
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl Status {
    /// Returns Stripe's name of the status.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// Effects of a transition other than the change of the intent.
#[derive(Debug, Default)]
pub(super) struct Transition {
    /// Ledger entries to append.
    pub(super) entries: Vec<(Kind, i64)>,
    /// Type of the webhook event to send.
    pub(super) event: Option<&'static str>,
    /// Decline by the issuer. The intent has changed, but the response is an error.
    pub(super) declined: Option<Decline>,
}

impl Transition {
    pub(super) fn new(event: &'static str, entries: Vec<(Kind, i64)>) -> Self {
        Self { entries, event: Some(event), declined: None }
    }
}
