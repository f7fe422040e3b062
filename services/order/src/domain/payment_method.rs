//! Payment methods: tokens of the card processor.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The card processor's token of a payment method, `pm_…`. Never card data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^pm_[A-Za-z0-9_]{1,97}$", examples("pm_card_visa"))]
pub struct PaymentMethod(String);

impl PaymentMethod {
    /// Maximum length, in characters.
    const MAX_LENGTH: usize = 100;

    /// Returns the token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PaymentMethod {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let valid = text.len() <= Self::MAX_LENGTH
            && text.strip_prefix("pm_").is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
        if valid {
            Ok(Self(text))
        } else {
            Err("must be a payment method token: `pm_`, then letters, digits and underscores, at most 100 characters")
        }
    }
}

impl From<PaymentMethod> for String {
    fn from(method: PaymentMethod) -> Self {
        method.0
    }
}

impl fmt::Debug for PaymentMethod {
    /// Omits the token: payment methods are not logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentMethod(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_not_a_payment_method() {
        assert!(PaymentMethod::try_from("4242424242424242".to_owned()).is_err());
        assert!(PaymentMethod::try_from("pm_".to_owned()).is_err());
        assert!(PaymentMethod::try_from("pm_4242 4242".to_owned()).is_err());
        assert!(PaymentMethod::try_from(format!("pm_{}", "a".repeat(98))).is_err());
    }

    #[test]
    fn a_token_is_a_payment_method_and_is_not_printed() {
        let method = PaymentMethod::try_from("pm_card_visa".to_owned()).unwrap();
        assert_eq!(method.as_str(), "pm_card_visa");
        assert!(!format!("{method:?}").contains("visa"));
    }
}
