//! E-mail addresses: syntax and equality.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use utoipa::ToSchema;

use super::InvalidText;

/// Maximum length of an address, in characters (RFC 5321, as corrected by erratum 1690 of RFC 3696).
const MAX_LENGTH: usize = 254;
/// Maximum length of the local part, in characters.
const MAX_LOCAL_LENGTH: usize = 64;
/// Maximum length of a domain label, in characters.
const MAX_LABEL_LENGTH: usize = 63;

const EXPECTED: InvalidText = InvalidText("must be an e-mail address such as name@example.com, at most 254 characters");

/// An e-mail address in ASCII: a dot-atom, `@` and a domain name of at least two labels, international ones as `xn--`.
// Quoted local parts and address literals are valid in RFC 5322, but not in use by customers.
//
// The address is kept as typed, for mail systems whose local parts are case-sensitive. Accounts are unique by the
// address in lower case: [`EmailAddress::key`]. `Debug` hides the address, because addresses are never logged.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(
    value_type = String,
    format = "email",
    max_length = 254,
    pattern = "^(?![^@]{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\
        @([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+(?![0-9]+$)[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$",
    examples("ann@example.com"),
)]
#[serde(try_from = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Returns the address as typed: the one that mail is sent to.
    pub fn as_typed(&self) -> &str {
        &self.0
    }

    /// Returns the address in lower case: unique among accounts.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidText;

    fn try_from(typed: String) -> Result<Self, InvalidText> {
        let (local, domain) = typed.rsplit_once('@').ok_or(EXPECTED)?;
        if typed.len() > MAX_LENGTH || !is_dot_atom(local) || !is_domain_name(domain) {
            return Err(EXPECTED);
        }
        Ok(Self(typed))
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        text.to_owned().try_into()
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

fn is_dot_atom(local: &str) -> bool {
    let is_atom_char = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    local.len() <= MAX_LOCAL_LENGTH && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_char))
}

fn is_domain_name(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_LENGTH).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    domain.split('.').all(is_label)
        && domain.rsplit_once('.').is_some_and(|(_, top_level)| top_level.len() >= 2 && !is_number(top_level))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_and_uncommon_addresses_are_accepted() {
        for address in [
            "ann@example.com",
            "Ann.Lee+shop@mail.example.co.uk",
            "o'brien@example.ie",
            "x@xn--mller-kva.example",
            "a/b=c@1and1.example",
        ] {
            assert!(address.parse::<EmailAddress>().is_ok(), "{address}");
        }
    }

    #[test]
    fn an_invalid_address_is_rejected() {
        let too_long = format!("{}@{}.example", "a".repeat(64), format!("{}.", "b".repeat(60)).repeat(4));
        let long_local = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "@",
            "ann",
            "ann@",
            "@example.com",
            "ann@localhost",
            "ann@example..com",
            "ann@-example.com",
            "ann@example-.com",
            "ann@127.0.0.1",
            "ann@[127.0.0.1]",
            ".ann@example.com",
            "ann.@example.com",
            "a..n@example.com",
            "ann lee@example.com",
            " ann@example.com",
            "ann@example.com ",
            "ann@exam ple.com",
            "ann@example.com\r\nBcc: all@example.com",
            "\"ann lee\"@example.com",
            "a@b@example.com",
            "änn@example.com",
            "ann@exämple.com",
            "ann@example.c",
            &too_long,
            &long_local,
        ] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_address() {
        let address: EmailAddress = "ann@example.com".parse().unwrap();
        assert!(!format!("{address:?}").contains("ann"));
    }

    proptest! {
        #[test]
        fn addresses_in_upper_and_lower_case_have_one_key(
            local in "[a-z0-9]{1,20}(\\.[a-z0-9]{1,20}){0,2}",
            domain in "[a-z]{1,20}\\.[a-z]{2,10}",
        ) {
            let lower: EmailAddress = format!("{local}@{domain}").parse().unwrap();
            let upper: EmailAddress = format!("{local}@{domain}").to_uppercase().parse().unwrap();
            prop_assert_eq!(lower.key(), upper.key());
            prop_assert_eq!(lower.as_typed().to_uppercase(), upper.as_typed());
        }

        #[test]
        fn an_accepted_address_is_safe_in_a_header(text in ".{0,300}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert!(address.as_typed().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(address.as_typed().len() <= 254);
                prop_assert_eq!(address.as_typed(), text);
            }
        }

        #[test]
        fn a_key_is_an_address_with_itself_as_key(
            local in "[A-Za-z0-9+]{1,64}",
            domain in "[A-Za-z]{1,63}\\.[A-Za-z]{2,63}",
        ) {
            let address: EmailAddress = format!("{local}@{domain}").parse().unwrap();
            let again: EmailAddress = address.key().parse().unwrap();
            prop_assert_eq!(again.key(), address.key());
        }
    }
}
