//! Passwords: which ones are taken, and how they stay out of sight.
//!
//! The rules are those of OWASP ASVS 5.0 and NIST SP 800-63B: length counts, composition does not, and what is known
//! to attackers is refused.

use std::{collections::HashSet, sync::LazyLock};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Invalid;

/// The shortest new password, in characters.
const MIN_LENGTH: usize = 8;
/// The longest password, in characters: far above what anybody types, and a bound on the work of hashing it.
const MAX_LENGTH: usize = 128;

/// The passwords that attackers try first, in lower case, one a line. A short list, for its size in a Lambda function:
/// a shop that wants more asks a service for breached passwords here.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A password as somebody presents it who signs in. Whether it is a good one does not matter any more.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(SecretString);

impl Password {
    /// The bytes to hash.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl TryFrom<String> for Password {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let too_long = text.chars().count() > MAX_LENGTH;
        let secret = SecretString::from(text);
        if too_long { Err(Invalid("must have at most 128 characters")) } else { Ok(Self(secret)) }
    }
}

/// A password that is good enough to be chosen now.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct NewPassword(Password);

impl NewPassword {
    /// The password as it is presented later.
    pub fn into_password(self) -> Password {
        self.0
    }
}

impl TryFrom<String> for NewPassword {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let length = text.chars().count();
        let common = COMMON.contains(text.to_lowercase().as_str());
        let password = Password::try_from(text)?;
        if length < MIN_LENGTH {
            return Err(Invalid("must have at least 8 characters"));
        }
        if common {
            return Err(Invalid("is one of the passwords that attackers try first"));
        }
        Ok(Self(password))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for text in ["password", "PassWord", "12345678", "Qwertyuiop", "iloveyou1"] {
            assert!(NewPassword::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_list_holds_only_what_length_would_let_through() {
        assert!(COMMON.len() >= 300, "{} entries", COMMON.len());
        for text in COMMON.iter() {
            assert!(text.chars().count() >= MIN_LENGTH, "{text}");
            assert_eq!(*text, text.to_lowercase());
            assert_eq!(*text, text.trim());
        }
    }

    #[test]
    fn a_password_is_never_shown_by_debug() {
        let password = NewPassword::try_from("correct horse battery".to_owned()).unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(NewPassword::try_from("ключ-ключ".to_owned()).is_ok());
        assert!(NewPassword::try_from("ж".repeat(128)).is_ok());
        assert!(NewPassword::try_from("жжжжжжж".to_owned()).is_err());
    }

    proptest! {
        #[test]
        fn length_decides_for_what_is_not_common(text in ".{0,140}") {
            prop_assume!(!COMMON.contains(text.to_lowercase().as_str()));
            let length = text.chars().count();
            prop_assert_eq!(NewPassword::try_from(text.clone()).is_ok(), (8..=128).contains(&length));
            prop_assert_eq!(Password::try_from(text).is_ok(), length <= 128);
        }

        #[test]
        fn what_was_typed_is_what_is_hashed(text in ".{8,128}") {
            let password = Password::try_from(text.clone()).unwrap();
            prop_assert_eq!(password.expose(), text.as_bytes());
        }
    }
}
