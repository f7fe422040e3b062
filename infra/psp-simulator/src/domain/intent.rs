//! Payment intents and their state machine.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    card::{self, Decline, IssuerDecision},
    command::{CaptureMethod, Create},
    error::ApiError,
    ledger::Kind,
    status::{Status, Transition},
};

/// Time for which an issuer holds an authorized amount.
const AUTHORIZATION_LIFETIME: TimeDelta = TimeDelta::days(7);

/// A payment intent with Stripe's fields.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(super) amount: i64,
    pub(super) amount_capturable: i64,
    pub(super) amount_received: i64,
    /// Part of the charge, not of the intent, in Stripe's representation.
    pub(super) amount_refunded: i64,
    pub(super) currency: String,
    pub(super) capture_method: CaptureMethod,
    pub(super) status: Status,
    pub(super) payment_method: Option<String>,
    pub(super) latest_charge: Option<String>,
    pub(super) last_payment_error: Option<Value>,
    pub(super) description: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Unix time in seconds.
    pub(super) created: i64,
    /// Unix time in seconds at which an uncaptured authorization expires. Part of the charge, not of the intent.
    #[serde(default)]
    pub(super) capture_before: Option<i64>,
    pub(super) canceled_at: Option<i64>,
    pub(super) cancellation_reason: Option<String>,
}

/// Deviation of an intent from what was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deviation {
    Amount,
    Currency,
    AutomaticCapture,
}

impl Intent {
    /// Changes the intent so that it is no longer what was requested.
    pub(super) fn deviate(&mut self, deviation: Deviation) {
        match deviation {
            Deviation::Amount => self.amount += 100,
            Deviation::Currency => self.currency = if self.currency == "usd" { "eur" } else { "usd" }.to_owned(),
            Deviation::AutomaticCapture => self.capture_method = CaptureMethod::Automatic,
        }
    }

    /// Creates an unconfirmed intent.
    pub(super) fn new(id: String, create: Create, now: DateTime<Utc>) -> Self {
        use Status::{RequiresConfirmation, RequiresPaymentMethod};
        let status = if create.payment_method.is_some() { RequiresConfirmation } else { RequiresPaymentMethod };
        Self {
            id,
            amount: create.amount,
            currency: create.currency,
            capture_method: create.capture_method,
            status,
            payment_method: create.payment_method,
            description: create.description,
            metadata: create.metadata,
            created: now.timestamp(),
            ..Self::default()
        }
    }

    /// Charges the given payment method, or else the intent's own. `charge` is the id of the new charge.
    pub(super) fn confirm(
        &mut self,
        payment_method: Option<String>,
        off_session: bool,
        charge: String,
        now: DateTime<Utc>,
    ) -> Result<Transition, ApiError> {
        use Status::{RequiresAction, RequiresConfirmation, RequiresPaymentMethod};
        self.require_status(
            ("You cannot confirm this PaymentIntent", "confirmed"),
            &[RequiresPaymentMethod, RequiresConfirmation, RequiresAction],
        )?;
        let Some(payment_method) = payment_method.or_else(|| self.payment_method.clone()) else {
            return Err(
                self.unexpected_state("You cannot confirm this PaymentIntent because it's missing a payment method.")
            );
        };
        let Some(decision) = card::issuer_decision(&payment_method) else {
            return Err(ApiError::missing_param("PaymentMethod", &payment_method, "payment_method"));
        };
        match decision {
            IssuerDecision::Approved => {
                self.payment_method = Some(payment_method);
                self.latest_charge = Some(charge);
                self.last_payment_error = None;
                Ok(self.authorize(now))
            }
            IssuerDecision::AuthenticationRequired if !off_session => {
                self.payment_method = Some(payment_method);
                self.status = RequiresAction;
                Ok(Transition::new("payment_intent.requires_action", vec![]))
            }
            IssuerDecision::AuthenticationRequired => {
                Ok(self.decline(card::AUTHENTICATION_REQUIRED, &payment_method, charge))
            }
            IssuerDecision::Declined(decline) => Ok(self.decline(decline, &payment_method, charge)),
        }
    }

    fn authorize(&mut self, now: DateTime<Utc>) -> Transition {
        let mut entries = vec![(Kind::Authorized, self.amount)];
        match self.capture_method {
            CaptureMethod::Manual => {
                self.capture_before = Some((now + AUTHORIZATION_LIFETIME).timestamp());
                self.amount_capturable = self.amount;
                self.status = Status::RequiresCapture;
                Transition::new("payment_intent.amount_capturable_updated", entries)
            }
            CaptureMethod::Automatic => {
                self.amount_received = self.amount;
                self.status = Status::Succeeded;
                entries.push((Kind::Captured, self.amount));
                Transition::new("payment_intent.succeeded", entries)
            }
        }
    }

    fn decline(&mut self, decline: Decline, payment_method: &str, charge: String) -> Transition {
        let mut details = ApiError::declined(decline).details;
        details["charge"] = json!(charge);
        details["payment_method"] = json!({ "id": payment_method, "object": "payment_method", "type": "card" });
        self.status = Status::RequiresPaymentMethod;
        self.payment_method = None;
        self.latest_charge = Some(charge);
        self.last_payment_error = Some(details);
        let entries = vec![(Kind::Declined, self.amount)];
        Transition { declined: Some(decline), ..Transition::new("payment_intent.payment_failed", entries) }
    }

    /// Captures the authorized amount or a part of it. The rest is voided.
    pub(super) fn capture(&mut self, amount: Option<i64>) -> Result<Transition, ApiError> {
        self.require_status(("This PaymentIntent could not be captured", "captured"), &[Status::RequiresCapture])?;
        let amount = amount.unwrap_or(self.amount_capturable);
        let rest = self.amount_capturable - amount;
        if rest < 0 {
            return Err(ApiError::invalid("The requested capture amount is greater than the authorized amount.")
                .code("amount_too_large")
                .param("amount_to_capture"));
        }
        self.amount_capturable = 0;
        self.amount_received = amount;
        self.status = Status::Succeeded;
        let mut entries = vec![(Kind::Captured, amount)];
        if rest > 0 {
            entries.push((Kind::Voided, rest));
        }
        Ok(Transition::new("payment_intent.succeeded", entries))
    }

    /// Cancels the intent and voids the amount that it holds.
    pub(super) fn cancel(&mut self, reason: Option<String>, now: DateTime<Utc>) -> Result<Transition, ApiError> {
        use Status::{RequiresAction, RequiresCapture, RequiresConfirmation, RequiresPaymentMethod};
        self.require_status(
            ("You cannot cancel this PaymentIntent", "canceled"),
            &[RequiresPaymentMethod, RequiresCapture, RequiresConfirmation, RequiresAction],
        )?;
        let held = std::mem::take(&mut self.amount_capturable);
        self.status = Status::Canceled;
        self.canceled_at = Some(now.timestamp());
        self.cancellation_reason = reason;
        let entries = if held > 0 { vec![(Kind::Voided, held)] } else { vec![] };
        Ok(Transition::new("payment_intent.canceled", entries))
    }

    /// Refunds `amount`, or the whole unrefunded amount. Returns the amount refunded.
    pub(super) fn refund(&mut self, amount: Option<i64>) -> Result<(i64, Transition), ApiError> {
        if self.status != Status::Succeeded {
            let message = format!("This PaymentIntent ({}) does not have a successful charge to refund.", self.id);
            return Err(self.unexpected_state(message));
        }
        let unrefunded = self.amount_received - self.amount_refunded;
        if unrefunded == 0 {
            let charge = self.latest_charge.as_deref().unwrap_or_default();
            let message = format!("Charge {charge} has already been refunded.");
            return Err(ApiError::invalid(message).code("charge_already_refunded"));
        }
        let amount = amount.unwrap_or(unrefunded);
        if amount > unrefunded {
            let message =
                format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({unrefunded})");
            return Err(ApiError::invalid(message).param("amount"));
        }
        self.amount_refunded += amount;
        Ok((amount, Transition::new("charge.refunded", vec![(Kind::Refunded, amount)])))
    }

    /// Returns an error unless the intent has one of the allowed statuses. `opening` and `done` are parts of Stripe's
    /// error message.
    fn require_status(&self, (opening, done): (&str, &str), allowed: &[Status]) -> Result<(), ApiError> {
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

    /// Creates an error that includes the intent.
    fn unexpected_state(&self, message: impl Into<String>) -> ApiError {
        ApiError::invalid(message).code("payment_intent_unexpected_state").with("payment_intent", self.to_json())
    }
}
