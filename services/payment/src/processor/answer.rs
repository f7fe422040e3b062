//! What the processor's answers mean.

use contracts::event::payment::DeclineReason;
use reqwest::StatusCode;
use serde::Deserialize;

use super::ProcessorError;
use crate::domain::{IntentId, Verdict};

/// A PaymentIntent, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub id: IntentId,
    pub status: Status,
    last_payment_error: Option<Failure>,
}

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresCapture,
    Succeeded,
    Canceled,
    /// Not confirmed yet, or still being worked on: no outcome.
    #[serde(other)]
    Undecided,
}

impl Intent {
    /// How its confirmation ended, or nothing where it has not ended (or not begun).
    pub(super) fn verdict(&self) -> Option<Verdict> {
        match (self.status, &self.last_payment_error) {
            (Status::RequiresCapture | Status::Succeeded, _) => Some(Verdict::Authorized),
            (Status::RequiresPaymentMethod, Some(failure)) => Some(Verdict::Declined(failure.reason())),
            (Status::Canceled, _) => Some(Verdict::Cancelled),
            (Status::RequiresPaymentMethod, None) | (Status::Undecided, _) => None,
        }
    }
}

/// The inside of an error answer. Its `message` is left out on purpose: it may repeat the payment method's token.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Failure {
    code: Option<String>,
    decline_code: Option<String>,
    param: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct FailureBody {
    pub error: Failure,
}

impl Failure {
    /// The call came too late or too early for the state that the intent is in.
    pub(super) fn is_unexpected_state(&self) -> bool {
        self.code.as_deref() == Some("payment_intent_unexpected_state")
    }

    /// Why the payment method or the amount was refused, or nothing where the fault is the call's own.
    pub(super) fn decline(&self, status: StatusCode) -> Option<DeclineReason> {
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
        // Where an issuer's reason is known, `code` is only `card_declined`.
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

    pub(super) fn into_error(self, status: StatusCode) -> ProcessorError {
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
    #[case::set_aside(r#"{"id":"pi_1","status":"requires_capture"}"#, Some(Verdict::Authorized))]
    #[case::cancelled(r#"{"id":"pi_1","status":"canceled","last_payment_error":null}"#, Some(Verdict::Cancelled))]
    #[case::never_tried(r#"{"id":"pi_1","status":"requires_payment_method","last_payment_error":null}"#, None)]
    #[case::tried_in_vain(
        r#"{"id":"pi_1","status":"requires_payment_method","last_payment_error":{"code":"expired_card"}}"#,
        Some(Verdict::Declined(DeclineReason::ExpiredCard))
    )]
    #[case::not_begun(r#"{"id":"pi_1","status":"requires_confirmation"}"#, None)]
    #[case::not_ended(r#"{"id":"pi_1","status":"processing"}"#, None)]
    #[case::unheard_of(r#"{"id":"pi_1","status":"requires_horoscope"}"#, None)]
    fn only_a_final_status_is_an_outcome(#[case] json: &str, #[case] verdict: Option<Verdict>) {
        assert_eq!(intent(json).verdict(), verdict);
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
    #[case(400, r#"{"code":"parameter_unknown","param":"colour"}"#, None)]
    #[case(404, r#"{"code":"resource_missing","param":"intent"}"#, None)]
    fn a_decline_is_the_fault_of_card_or_amount_only(
        #[case] status: u16,
        #[case] json: &str,
        #[case] reason: Option<DeclineReason>,
    ) {
        let failure: Failure = serde_json::from_str(json).unwrap();
        assert_eq!(failure.decline(StatusCode::from_u16(status).unwrap()), reason);
    }
}
