//! Bodies of the processor's responses, and the outcomes that follow from them.

use contracts::event::payment::DeclineReason;
use reqwest::StatusCode;
use serde::Deserialize;

use super::error::ProcessorError;
use crate::domain::{ConfirmOutcome, IntentId};

/// The fields of a PaymentIntent that this service reads.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub id: IntentId,
    pub status: Status,
    last_payment_error: Option<ApiError>,
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
    /// Outcome of the confirmation. None if it has not started or not ended.
    pub(super) fn outcome(&self) -> Option<ConfirmOutcome> {
        match (self.status, &self.last_payment_error) {
            (Status::RequiresCapture | Status::Succeeded, _) => Some(ConfirmOutcome::Authorized),
            (Status::RequiresPaymentMethod, Some(error)) => Some(ConfirmOutcome::Declined(error.reason())),
            (Status::Canceled, _) => Some(ConfirmOutcome::Cancelled),
            (Status::RequiresPaymentMethod, None) | (Status::Undecided, _) => None,
        }
    }
}

/// Stripe's error object. Its `message` is omitted on purpose: it may quote the payment method's token.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ApiError {
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
    use rstest::rstest;

    use super::*;

    fn intent(json: &str) -> Intent {
        serde_json::from_str(json).unwrap()
    }

    #[rstest]
    #[case::authorized(r#"{"id":"pi_1","status":"requires_capture"}"#, Some(ConfirmOutcome::Authorized))]
    #[case::cancelled(
        r#"{"id":"pi_1","status":"canceled","last_payment_error":null}"#,
        Some(ConfirmOutcome::Cancelled)
    )]
    #[case::never_confirmed(r#"{"id":"pi_1","status":"requires_payment_method","last_payment_error":null}"#, None)]
    #[case::declined(
        r#"{"id":"pi_1","status":"requires_payment_method","last_payment_error":{"code":"expired_card"}}"#,
        Some(ConfirmOutcome::Declined(DeclineReason::ExpiredCard))
    )]
    #[case::not_started(r#"{"id":"pi_1","status":"requires_confirmation"}"#, None)]
    #[case::not_finished(r#"{"id":"pi_1","status":"processing"}"#, None)]
    #[case::unknown_status(r#"{"id":"pi_1","status":"requires_horoscope"}"#, None)]
    fn only_a_final_status_is_an_outcome(#[case] json: &str, #[case] outcome: Option<ConfirmOutcome>) {
        assert_eq!(intent(json).outcome(), outcome);
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
