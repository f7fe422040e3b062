//! A payment intent and its state machine.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    card::{self, Decline, Verdict},
    command::{CaptureMethod, Create},
    error::ApiError,
    ledger::Kind,
    status::{Status, Step},
};

/// One attempt of a shop to be paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are Stripe's")]
pub struct Intent {
    pub id: String,
    pub amount: i64,
    pub amount_capturable: i64,
    pub amount_received: i64,
    /// Not shown by Stripe on the intent, but on its charge.
    pub amount_refunded: i64,
    pub currency: String,
    pub capture_method: CaptureMethod,
    pub status: Status,
    pub payment_method: Option<String>,
    pub latest_charge: Option<String>,
    pub last_payment_error: Option<Value>,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Unix seconds.
    pub created: i64,
    pub canceled_at: Option<i64>,
    pub cancellation_reason: Option<String>,
}

impl Intent {
    /// A new intent, not yet confirmed.
    pub fn new(id: String, new: Create, now: DateTime<Utc>) -> Self {
        let status = match new.payment_method {
            Some(_) => Status::RequiresConfirmation,
            None => Status::RequiresPaymentMethod,
        };
        Self {
            id,
            amount: new.amount,
            amount_capturable: 0,
            amount_received: 0,
            amount_refunded: 0,
            currency: new.currency,
            capture_method: new.capture_method,
            status,
            payment_method: new.payment_method,
            latest_charge: None,
            last_payment_error: None,
            description: new.description,
            metadata: new.metadata,
            created: now.timestamp(),
            canceled_at: None,
            cancellation_reason: None,
        }
    }

    /// Charges the payment method: its own, or the one that is given. `charge` is the id of the attempt.
    pub fn confirm(
        &mut self,
        payment_method: Option<String>,
        unattended: bool,
        charge: String,
    ) -> Result<Step, ApiError> {
        use Status::{RequiresAction, RequiresConfirmation, RequiresPaymentMethod};
        self.expect(
            ("You cannot confirm this PaymentIntent", "confirmed"),
            &[RequiresPaymentMethod, RequiresConfirmation, RequiresAction],
        )?;
        let Some(payment_method) = payment_method.or_else(|| self.payment_method.clone()) else {
            return Err(
                self.unexpected_state("You cannot confirm this PaymentIntent because it's missing a payment method.")
            );
        };
        let Some(verdict) = card::verdict(&payment_method) else {
            return Err(ApiError::missing_param("PaymentMethod", &payment_method, "payment_method"));
        };
        match verdict {
            Verdict::Approved => {
                self.payment_method = Some(payment_method);
                self.latest_charge = Some(charge);
                self.last_payment_error = None;
                Ok(self.authorize())
            }
            Verdict::AuthenticationRequired if !unattended => {
                self.payment_method = Some(payment_method);
                self.status = RequiresAction;
                Ok(Step { event: Some("payment_intent.requires_action"), ..Step::default() })
            }
            Verdict::AuthenticationRequired => Ok(self.decline(card::AUTHENTICATION_REQUIRED, &payment_method, charge)),
            Verdict::Declined(decline) => Ok(self.decline(decline, &payment_method, charge)),
        }
    }

    fn authorize(&mut self) -> Step {
        let amount = self.amount;
        match self.capture_method {
            CaptureMethod::Manual => {
                self.amount_capturable = amount;
                self.status = Status::RequiresCapture;
                let event = Some("payment_intent.amount_capturable_updated");
                Step { posted: vec![(Kind::Authorized, amount)], event, declined: None }
            }
            CaptureMethod::Automatic => {
                self.amount_received = amount;
                self.status = Status::Succeeded;
                let posted = vec![(Kind::Authorized, amount), (Kind::Captured, amount)];
                Step { posted, event: Some("payment_intent.succeeded"), declined: None }
            }
        }
    }

    fn decline(&mut self, decline: Decline, payment_method: &str, charge: String) -> Step {
        let mut details = ApiError::declined(decline).details();
        details["charge"] = json!(charge);
        details["payment_method"] = json!({ "id": payment_method, "object": "payment_method", "type": "card" });
        self.status = Status::RequiresPaymentMethod;
        self.payment_method = None;
        self.latest_charge = Some(charge);
        self.last_payment_error = Some(details);
        let event = Some("payment_intent.payment_failed");
        Step { posted: vec![(Kind::Declined, self.amount)], event, declined: Some(decline) }
    }

    /// Takes what was authorised, or a part; the rest is let go.
    pub fn capture(&mut self, amount: Option<i64>) -> Result<Step, ApiError> {
        self.expect(("This PaymentIntent could not be captured", "captured"), &[Status::RequiresCapture])?;
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
        let mut posted = vec![(Kind::Captured, amount)];
        posted.extend((rest > 0).then_some((Kind::Voided, rest)));
        Ok(Step { posted, event: Some("payment_intent.succeeded"), declined: None })
    }

    /// Gives the intent up, and lets go of what it set aside.
    pub fn cancel(&mut self, reason: Option<String>, now: DateTime<Utc>) -> Result<Step, ApiError> {
        use Status::{RequiresAction, RequiresCapture, RequiresConfirmation, RequiresPaymentMethod};
        self.expect(
            ("You cannot cancel this PaymentIntent", "canceled"),
            &[RequiresPaymentMethod, RequiresCapture, RequiresConfirmation, RequiresAction],
        )?;
        let held = std::mem::take(&mut self.amount_capturable);
        self.status = Status::Canceled;
        self.canceled_at = Some(now.timestamp());
        self.cancellation_reason = reason;
        let posted = (held > 0).then_some((Kind::Voided, held)).into_iter().collect();
        Ok(Step { posted, event: Some("payment_intent.canceled"), declined: None })
    }

    /// Gives back `amount`, or all that is left, and says how much that is.
    pub fn refund(&mut self, amount: Option<i64>) -> Result<(i64, Step), ApiError> {
        let left = self.amount_received - self.amount_refunded;
        if self.status != Status::Succeeded {
            let message = format!("This PaymentIntent ({}) does not have a successful charge to refund.", self.id);
            return Err(self.unexpected_state(message));
        }
        if left == 0 {
            let message =
                format!("Charge {} has already been refunded.", self.latest_charge.as_deref().unwrap_or_default());
            return Err(ApiError::invalid(message).code("charge_already_refunded"));
        }
        let amount = amount.unwrap_or(left);
        if amount > left {
            let message = format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
            return Err(ApiError::invalid(message).param("amount"));
        }
        self.amount_refunded += amount;
        Ok((amount, Step { posted: vec![(Kind::Refunded, amount)], event: Some("charge.refunded"), declined: None }))
    }
}
