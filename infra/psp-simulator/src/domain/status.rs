//! Where an intent stands, and what a step from there to elsewhere brings about.

use serde::{Deserialize, Serialize};

use super::{card::Decline, error::ApiError, intent::Intent, ledger::Kind};

/// Where an intent stands, in Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants are Stripe's")]
pub enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl Status {
    /// As clients see it.
    pub fn as_str(self) -> &'static str {
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

/// What a transition did beside changing the intent.
#[derive(Debug, Default)]
pub struct Step {
    /// Lines for the ledger.
    pub posted: Vec<(Kind, i64)>,
    /// Type of the webhook to send.
    pub event: Option<&'static str>,
    /// The card's issuer refused: the intent has changed, and yet the request is answered with an error.
    pub declined: Option<Decline>,
}

impl Intent {
    /// Refuses what an intent of this status does not allow. `opening` and `done` word the refusal as Stripe does.
    pub(super) fn expect(&self, (opening, done): (&str, &str), allowed: &[Status]) -> Result<(), ApiError> {
        if allowed.contains(&self.status) {
            return Ok(());
        }
        let status = self.status.as_str();
        let allowed = allowed.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
        Err(self.unexpected_state(format!(
            "{opening} because it has a status of {status}. Only a PaymentIntent with one of the following statuses \
             may be {done}: {allowed}."
        )))
    }

    /// A refusal that shows the intent as it is.
    pub(super) fn unexpected_state(&self, message: impl Into<String>) -> ApiError {
        ApiError::invalid(message).code("payment_intent_unexpected_state").payment_intent(self.to_json())
    }
}
