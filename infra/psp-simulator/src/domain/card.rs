//! Payment methods of Stripe's test mode, and the issuer's decision on each of them.

/// The issuer's decision on a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IssuerDecision {
    Approved,
    Declined(Decline),
    /// The shopper has to authenticate (3-D Secure), which is impossible off session.
    AuthenticationRequired,
}

/// Stripe's description of a declined charge, by the fields of `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decline {
    pub(super) code: &'static str,
    pub(super) decline_code: &'static str,
    /// Message for the shopper.
    pub(super) message: &'static str,
}

const fn card_declined(decline_code: &'static str, message: &'static str) -> IssuerDecision {
    IssuerDecision::Declined(Decline { code: "card_declined", decline_code, message })
}

const fn declined(code: &'static str, message: &'static str) -> IssuerDecision {
    IssuerDecision::Declined(Decline { code, decline_code: code, message })
}

const DECLINED: &str = "Your card was declined.";
const TOO_OFTEN: &str =
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.";

/// Decline of an off-session charge that needs authentication.
pub(super) const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
};

/// Returns the issuer's decision, or `None` for an unknown payment method. Stripe has documented some of the declined
/// ones with and without the brand. Both spellings are accepted.
pub(super) fn issuer_decision(payment_method: &str) -> Option<IssuerDecision> {
    Some(match payment_method {
        "pm_card_visa"
        | "pm_card_visa_debit"
        | "pm_card_mastercard"
        | "pm_card_mastercard_debit"
        | "pm_card_mastercard_prepaid"
        | "pm_card_amex"
        | "pm_card_discover"
        | "pm_card_diners"
        | "pm_card_jcb"
        | "pm_card_unionpay" => IssuerDecision::Approved,
        "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" | "pm_card_chargeCustomerFail" => {
            card_declined("generic_decline", DECLINED)
        }
        "pm_card_chargeDeclinedInsufficientFunds" | "pm_card_visa_chargeDeclinedInsufficientFunds" => {
            card_declined("insufficient_funds", "Your card has insufficient funds.")
        }
        "pm_card_chargeDeclinedLostCard" | "pm_card_visa_chargeDeclinedLostCard" => {
            card_declined("lost_card", DECLINED)
        }
        "pm_card_chargeDeclinedStolenCard" | "pm_card_visa_chargeDeclinedStolenCard" => {
            card_declined("stolen_card", DECLINED)
        }
        "pm_card_chargeDeclinedFraudulent" => card_declined("fraudulent", DECLINED),
        "pm_card_chargeDeclinedVelocityLimitExceeded" | "pm_card_visa_chargeDeclinedVelocityLimitExceeded" => {
            card_declined("card_velocity_exceeded", TOO_OFTEN)
        }
        "pm_card_chargeDeclinedExpiredCard" => declined("expired_card", "Your card has expired."),
        "pm_card_chargeDeclinedIncorrectCvc" => declined("incorrect_cvc", "Your card's security code is incorrect."),
        "pm_card_chargeDeclinedProcessingError" => {
            declined("processing_error", "An error occurred while processing your card. Try again in a little bit.")
        }
        "pm_card_authenticationRequired" | "pm_card_threeDSecure2Required" => IssuerDecision::AuthenticationRequired,
        _ => return None,
    })
}
