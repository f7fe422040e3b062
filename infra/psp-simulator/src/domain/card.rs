//! The payment methods of Stripe's test mode, and what the card's issuer says to each of them.

/// What the issuer answers when a payment method is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The amount is set aside.
    Approved,
    /// The amount is refused.
    Declined(Decline),
    /// The shopper has to be asked first (3-D Secure), which is impossible while they are away.
    AuthenticationRequired,
}

/// Why a card was refused, in Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    /// `error.code`.
    pub code: &'static str,
    /// `error.decline_code`.
    pub decline_code: &'static str,
    /// `error.message`: fit for the shopper.
    pub message: &'static str,
}

const fn declined(decline_code: &'static str) -> Verdict {
    Verdict::Declined(Decline { code: "card_declined", decline_code, message: "Your card was declined." })
}

const fn refused(code: &'static str, message: &'static str) -> Verdict {
    Verdict::Declined(Decline { code, decline_code: code, message })
}

const INSUFFICIENT_FUNDS: Verdict = Verdict::Declined(Decline {
    code: "card_declined",
    decline_code: "insufficient_funds",
    message: "Your card has insufficient funds.",
});
const TOO_OFTEN: Verdict = Verdict::Declined(Decline {
    code: "card_declined",
    decline_code: "card_velocity_exceeded",
    message: "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
});

/// The refusal of a charge that needs the shopper, while the shopper is away.
pub const AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
};

/// The verdict on a payment method, or `None` where there is no such payment method. Stripe's documentation has
/// spelt some of the declining ones with and without the brand; both are known.
pub fn verdict(payment_method: &str) -> Option<Verdict> {
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
        | "pm_card_unionpay" => Verdict::Approved,
        "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" | "pm_card_chargeCustomerFail" => {
            declined("generic_decline")
        }
        "pm_card_chargeDeclinedInsufficientFunds" | "pm_card_visa_chargeDeclinedInsufficientFunds" => {
            INSUFFICIENT_FUNDS
        }
        "pm_card_chargeDeclinedLostCard" | "pm_card_visa_chargeDeclinedLostCard" => declined("lost_card"),
        "pm_card_chargeDeclinedStolenCard" | "pm_card_visa_chargeDeclinedStolenCard" => declined("stolen_card"),
        "pm_card_chargeDeclinedFraudulent" => declined("fraudulent"),
        "pm_card_chargeDeclinedVelocityLimitExceeded" | "pm_card_visa_chargeDeclinedVelocityLimitExceeded" => TOO_OFTEN,
        "pm_card_chargeDeclinedExpiredCard" => refused("expired_card", "Your card has expired."),
        "pm_card_chargeDeclinedIncorrectCvc" => refused("incorrect_cvc", "Your card's security code is incorrect."),
        "pm_card_chargeDeclinedProcessingError" => {
            refused("processing_error", "An error occurred while processing your card. Try again in a little bit.")
        }
        "pm_card_authenticationRequired" | "pm_card_threeDSecure2Required" => Verdict::AuthenticationRequired,
        _ => return None,
    })
}
