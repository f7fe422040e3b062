//! Passwords: rules for new ones, and types that keep them out of logs.
//!
//! The rules are those of OWASP ASVS 5.0 and NIST SP 800-63B: a minimum length, no composition rules, no common
//! passwords.

use std::{collections::HashSet, sync::LazyLock};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::InvalidText;

/// Minimum length of a new password, in characters.
const MIN_LENGTH: usize = 8;
/// Maximum length of a password, in characters. Limits the work of hashing it.
const MAX_LENGTH: usize = 128;

/// Common passwords in lower case, one per line. The list is short because it is part of the function's package. A
/// service for breached passwords would be called here.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Password of an existing account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(value_type = String, format = "password", max_length = 128)]
#[serde(try_from = "String")]
pub struct Password(SecretString);

impl Password {
    /// Returns the bytes to hash.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl TryFrom<String> for Password {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let too_long = text.chars().count() > MAX_LENGTH;
        let secret = SecretString::from(text);
        if too_long { Err(InvalidText("must have at most 128 characters")) } else { Ok(Self(secret)) }
    }
}

/// The password is on the list of common ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is one of the passwords that attackers try first")]
pub struct CommonPassword;

/// Password for a new account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(
    value_type = String,
    format = "password",
    min_length = 8,
    max_length = 128,
    examples("correct horse battery"),
)]
#[serde(try_from = "String")]
pub struct NewPassword(Password);

impl NewPassword {
    /// Returns the password, unless it is a common one. A rule of its own, because no JSON Schema can express it.
    pub fn into_uncommon(self) -> Result<Password, CommonPassword> {
        let lower_case = self.0.0.expose_secret().to_lowercase();
        if COMMON.contains(lower_case.as_str()) { Err(CommonPassword) } else { Ok(self.0) }
    }
}

impl TryFrom<String> for NewPassword {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let too_short = text.chars().count() < MIN_LENGTH;
        let password = Password::try_from(text)?;
        if too_short { Err(InvalidText("must have at least 8 characters")) } else { Ok(Self(password)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_common_password_is_rejected_in_any_case() {
        for text in ["password", "PassWord", "12345678", "Qwertyuiop", "iloveyou1"] {
            let password = NewPassword::try_from(text.to_owned()).unwrap();
            assert_eq!(password.into_uncommon().unwrap_err(), CommonPassword, "{text}");
        }
        let password = NewPassword::try_from("correct horse battery".to_owned()).unwrap();
        assert_eq!(password.into_uncommon().unwrap().expose(), b"correct horse battery");
    }

    #[test]
    fn the_list_has_only_passwords_of_sufficient_length() {
        assert!(COMMON.len() >= 300, "{} entries", COMMON.len());
        for text in COMMON.iter() {
            assert!(text.chars().count() >= MIN_LENGTH, "{text}");
            assert_eq!(*text, text.to_lowercase());
            assert_eq!(*text, text.trim());
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let password = NewPassword::try_from("correct horse battery".to_owned()).unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }

    #[test]
    fn the_length_is_in_characters_not_bytes() {
        assert!(NewPassword::try_from("ключ-ключ".to_owned()).is_ok());
        assert!(NewPassword::try_from("ж".repeat(128)).is_ok());
        assert!(NewPassword::try_from("жжжжжжж".to_owned()).is_err());
    }

    proptest! {
        #[test]
        fn a_password_is_valid_by_its_length_alone(text in ".{0,140}") {
            let length = text.chars().count();
            prop_assert_eq!(NewPassword::try_from(text.clone()).is_ok(), (8..=128).contains(&length));
            prop_assert_eq!(Password::try_from(text).is_ok(), length <= 128);
        }

        #[test]
        fn a_password_is_hashed_as_typed(text in ".{8,128}") {
            let password = Password::try_from(text.clone()).unwrap();
            prop_assert_eq!(password.expose(), text.as_bytes());
        }
    }
}
