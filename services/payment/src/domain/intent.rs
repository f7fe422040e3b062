//! Ids of PaymentIntents.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The id of a PaymentIntent: `pi_` and 1 to 97 letters, digits or `_`. Strict, because it becomes part of URLs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IntentId(String);

/// Error: the text is not the id of a PaymentIntent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form pi_…")]
pub struct InvalidIntentId;

impl TryFrom<String> for IntentId {
    type Error = InvalidIntentId;

    fn try_from(text: String) -> Result<Self, InvalidIntentId> {
        let rest = text.strip_prefix("pi_").unwrap_or_default();
        let valid =
            (1..=97).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if valid { Ok(Self(text)) } else { Err(InvalidIntentId) }
    }
}

impl FromStr for IntentId {
    type Err = InvalidIntentId;

    fn from_str(text: &str) -> Result<Self, InvalidIntentId> {
        text.to_owned().try_into()
    }
}

impl From<IntentId> for String {
    fn from(id: IntentId) -> Self {
        id.0
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_id_has_its_prefix_and_only_letters_digits_or_underscores() {
        assert!("pi_3Pabc".parse::<IntentId>().is_ok());
        for text in ["", "pi_", "ch_1", "pi_a/cancel", "pi_a?b", "pi_ä"] {
            assert!(text.parse::<IntentId>().is_err(), "{text}");
        }
    }
}
