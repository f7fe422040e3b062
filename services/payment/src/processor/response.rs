//! Bodies of the processor's responses, and the outcomes that follow from them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::event::payment::DeclineReason;
use contracts::{Money, PaymentId};
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::ProcessorError;
use crate::domain::{ConfirmOutcome, IntentId, Problem};

/// The fields of a PaymentIntent that this service reads.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub id: IntentId,
    pub status: Status,
    amount: i64,
    amount_capturable: i64,
    currency: String,
    capture_method: String,
    #[serde(default)]
    metadata: HashMap<String, String>,
    last_payment_error: Option<ApiError>,
    #[serde(default)]
    latest_charge: LatestCharge,
}

/// The charge of an intent. Only the id unless it is expanded, or null.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum LatestCharge {
    Expanded(Charge),
    Other(IgnoredAny),
}

impl Default for LatestCharge {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

#[derive(Debug, Deserialize)]
struct Charge {
    #[serde(default)]
    refunded: bool,
    payment_method_details: Option<PaymentMethodDetails>,
}

#[derive(Debug, Deserialize)]
struct PaymentMethodDetails {
    card: Option<CardDetails>,
}

#[derive(Debug, Deserialize)]
struct CardDetails {
    /// Unix time in seconds.
    capture_before: Option<i64>,
}

/// Content of the request to the processor, always with manual capture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub payment_id: PaymentId,
    pub amount: Money,
}

/// Status of a PaymentIntent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresCapture,
    Succeeded,
    Canceled,
    /// Not confirmed yet, still processing, or a status that this version does not know: no outcome.
    #[serde(other)]
    Undecided,
}

impl Intent {
    /// The first difference from what was requested.
    pub(super) fn problem(&self, asked: &Asked) -> Option<Problem> {
        let Asked { payment_id, amount } = asked;
        if self.metadata.get("payment_id") != Some(&payment_id.to_string()) {
            Some(Problem::PaymentId)
        } else if !self.currency.eq_ignore_ascii_case(amount.currency.code()) {
            Some(Problem::Currency)
        } else if self.amount != amount.minor {
            Some(Problem::Amount)
        } else if self.status == Status::Succeeded {
            Some(Problem::Captured)
        } else if self.capture_method != "manual" {
            Some(Problem::CaptureMethod)
        } else if self.status == Status::RequiresCapture && self.amount_capturable != amount.minor {
            Some(Problem::AmountCapturable)
        } else {
            None
        }
    }

    /// Outcome of the confirmation. None if it has not started or not ended.
    pub(super) fn outcome(&self, asked: &Asked) -> Option<ConfirmOutcome> {
        match (self.status, &self.last_payment_error) {
            (Status::RequiresCapture | Status::Succeeded, _) => {
                let authorized = ConfirmOutcome::Authorized { expires_at: self.expires_at() };
                Some(self.problem(asked).map_or(authorized, ConfirmOutcome::Wrong))
            }
            (Status::RequiresPaymentMethod, Some(error)) => Some(ConfirmOutcome::Declined(error.reason())),
            (Status::Canceled, _) => Some(ConfirmOutcome::Cancelled),
            (Status::RequiresPaymentMethod, None) | (Status::Undecided, _) => None,
        }
    }
}

impl Intent {
    /// Whether the captured amount was refunded in full. Requires the expanded charge.
    pub(super) fn is_refunded(&self) -> bool {
        matches!(&self.latest_charge, LatestCharge::Expanded(charge) if charge.refunded)
    }

    /// Time at which the authorization expires. Requires the expanded charge.
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        let LatestCharge::Expanded(charge) = &self.latest_charge else { return None };
        let card = charge.payment_method_details.as_ref()?.card.as_ref()?;
        DateTime::from_timestamp(card.capture_before?, 0)
    }
}

/// Stripe's error object. Its `message` is omitted on purpose: it may quote the payment method's token.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ApiError {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    param: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ErrorBody {
    pub error: ApiError,
}

impl ApiError {
    /// Whether the intent's status does not allow the call.
    pub(super) fn is_unexpected_state(&self) -> bool {
        self.code.as_deref() == Some("payment_intent_unexpected_state")
    }

    /// Whether the idempotency key was used with other parameters: by another version of this service.
    pub(super) fn is_key_of_other_call(&self) -> bool {
        self.kind.as_deref() == Some("idempotency_error")
    }

    /// Reason of the decline, if the payment method or the amount was refused. None if the call itself is wrong.
    pub(super) fn decline_reason(&self, status: StatusCode) -> Option<DeclineReason> {
        match status {
            StatusCode::PAYMENT_REQUIRED => Some(self.reason()),
            StatusCode::BAD_REQUEST => match (self.param.as_deref(), self.code.as_deref()) {
                (Some("payment_method"), _) => Some(DeclineReason::InvalidCard),
                (Some("amount" | "currency"), _)
                | (_, Some("amount_too_small" | "amount_too_large" | "invalid_charge_amount")) => {
                    Some(DeclineReason::AmountNotAccepted)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn reason(&self) -> DeclineReason {
        // If the issuer's reason is known, `code` is only `card_declined`.
        match self.decline_code.as_deref().or(self.code.as_deref()).unwrap_or_default() {
            "insufficient_funds" => DeclineReason::InsufficientFunds,
            "expired_card" => DeclineReason::ExpiredCard,
            "authentication_required" => DeclineReason::AuthenticationRequired,
            "incorrect_number"
            | "invalid_number"
            | "incorrect_cvc"
            | "invalid_cvc"
            | "invalid_account"
            | "invalid_expiry_month"
            | "invalid_expiry_year" => DeclineReason::InvalidCard,
            _ => DeclineReason::CardDeclined,
        }
    }

    pub(super) fn into_processor_error(self, status: StatusCode) -> ProcessorError {
        ProcessorError::Refused { status, code: self.code.unwrap_or_default(), param: self.param.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use contracts::Currency;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn asked() -> Asked {
        let payment_id = "pay_0198c0de00007000800000000000cafe".parse().unwrap();
        Asked { payment_id, amount: Money::new(4999, Currency::EUR) }
    }

    /// The intent that was requested, as the processor reports it, with other fields.
    fn intent(fields: Value) -> Intent {
        let mut intent = json!({
            "id": "pi_1",
            "status": "requires_capture",
            "amount": 4999,
            "amount_capturable": 4999,
            "currency": "eur",
            "capture_method": "manual",
            "metadata": { "order_id": "ord_1", "payment_id": asked().payment_id },
            "last_payment_error": null,
        });
        intent.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(intent).unwrap()
    }

    #[rstest]
    #[case::authorized(json!({}), Some(ConfirmOutcome::Authorized { expires_at: None }))]
    #[case::charge_not_expanded(
        json!({ "latest_charge": "ch_1" }),
        Some(ConfirmOutcome::Authorized { expires_at: None })
    )]
    #[case::other_than_card(
        json!({ "latest_charge": { "id": "ch_1", "payment_method_details": { "card": null } } }),
        Some(ConfirmOutcome::Authorized { expires_at: None })
    )]
    #[case::expiry(
        json!({ "latest_charge": { "payment_method_details": { "card": { "capture_before": 1_790_000_000 } } } }),
        Some(ConfirmOutcome::Authorized { expires_at: DateTime::from_timestamp(1_790_000_000, 0) })
    )]
    #[case::cancelled(json!({ "status": "canceled" }), Some(ConfirmOutcome::Cancelled))]
    #[case::never_confirmed(json!({ "status": "requires_payment_method" }), None)]
    #[case::declined(
        json!({ "status": "requires_payment_method", "last_payment_error": { "code": "expired_card" } }),
        Some(ConfirmOutcome::Declined(DeclineReason::ExpiredCard))
    )]
    #[case::not_started(json!({ "status": "requires_confirmation" }), None)]
    #[case::not_finished(json!({ "status": "processing" }), None)]
    #[case::unknown_status(json!({ "status": "requires_horoscope" }), None)]
    fn only_a_final_status_is_an_outcome(#[case] fields: Value, #[case] outcome: Option<ConfirmOutcome>) {
        assert_eq!(intent(fields).outcome(&asked()), outcome);
    }

    #[rstest]
    #[case(json!({ "amount": 5000 }), Problem::Amount)]
    #[case(json!({ "amount_capturable": 4998 }), Problem::AmountCapturable)]
    #[case(json!({ "currency": "usd" }), Problem::Currency)]
    #[case(json!({ "capture_method": "automatic" }), Problem::CaptureMethod)]
    #[case(json!({ "status": "succeeded", "amount_capturable": 0 }), Problem::Captured)]
    #[case(json!({ "metadata": { "payment_id": "pay_of_another_order" } }), Problem::PaymentId)]
    #[case(json!({ "metadata": {} }), Problem::PaymentId)]
    fn an_intent_that_is_not_what_was_requested_is_not_an_authorization(
        #[case] fields: Value,
        #[case] problem: Problem,
    ) {
        assert_eq!(intent(fields).outcome(&asked()), Some(ConfirmOutcome::Wrong(problem)));
    }

    #[rstest]
    #[case(402, r#"{"code":"card_declined","decline_code":"generic_decline"}"#, Some(DeclineReason::CardDeclined))]
    #[case(
        402,
        r#"{"code":"card_declined","decline_code":"insufficient_funds"}"#,
        Some(DeclineReason::InsufficientFunds)
    )]
    #[case(402, r#"{"code":"expired_card"}"#, Some(DeclineReason::ExpiredCard))]
    #[case(402, r#"{"code":"incorrect_cvc"}"#, Some(DeclineReason::InvalidCard))]
    #[case(402, r#"{"code":"authentication_required"}"#, Some(DeclineReason::AuthenticationRequired))]
    #[case(402, "{}", Some(DeclineReason::CardDeclined))]
    #[case(400, r#"{"code":"resource_missing","param":"payment_method"}"#, Some(DeclineReason::InvalidCard))]
    #[case(400, r#"{"code":"amount_too_small","param":"amount"}"#, Some(DeclineReason::AmountNotAccepted))]
    #[case(400, r#"{"code":"amount_too_large"}"#, Some(DeclineReason::AmountNotAccepted))]
    #[case(400, r#"{"param":"currency"}"#, Some(DeclineReason::AmountNotAccepted))]
    #[case(400, r#"{"code":"parameter_unknown","param":"color"}"#, None)]
    #[case(404, r#"{"code":"resource_missing","param":"intent"}"#, None)]
    fn only_a_refused_card_or_amount_is_a_decline(
        #[case] status: u16,
        #[case] json: &str,
        #[case] reason: Option<DeclineReason>,
    ) {
        let error: ApiError = serde_json::from_str(json).unwrap();
        assert_eq!(error.decline_reason(StatusCode::from_u16(status).unwrap()), reason);
    }
}
