//! E-mail addresses: how they are read, and when two are one.

use std::{fmt, str::FromStr};

use serde::Deserialize;

use super::Invalid;

/// Longest address, in characters (RFC 5321, as corrected by erratum 1690 of RFC 3696).
const MAX_LENGTH: usize = 254;
/// Longest part before the `@`, in characters.
const MAX_LOCAL_LENGTH: usize = 64;
/// Longest label of a domain, in characters.
const MAX_LABEL_LENGTH: usize = 63;

const EXPECTED: Invalid = Invalid("must be an e-mail address such as name@example.com, of at most 254 characters");

/// An e-mail address: a dot-atom, `@`, and a domain name of two labels or more, all in ASCII (an international domain
/// in its `xn--` form). Quoted local parts and address literals are valid by the RFC, but nobody's who shops.
///
/// It keeps what was typed, since some mail systems tell `Ann` from `ann`, and mail goes there. Two addresses that
/// differ only in case are the same account's: [`EmailAddress::key`].
///
/// Its `Debug` form does not show it: addresses never are in logs.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct EmailAddress {
    typed: String,
    key: String,
}

impl EmailAddress {
    /// The address as its owner typed it: where mail is sent.
    pub fn as_typed(&self) -> &str {
        &self.typed
    }

    /// The address in lower case: what is unique among accounts.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = Invalid;

    fn try_from(typed: String) -> Result<Self, Invalid> {
        let (local, domain) = typed.rsplit_once('@').ok_or(EXPECTED)?;
        if typed.len() > MAX_LENGTH || !is_dot_atom(local) || !is_domain_name(domain) {
            return Err(EXPECTED);
        }
        let key = typed.to_ascii_lowercase();
        Ok(Self { typed, key })
    }
}

impl FromStr for EmailAddress {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
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
    fn usual_and_unusual_addresses_are_read() {
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
    fn what_is_no_address_is_refused() {
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
    fn an_address_is_never_shown_by_debug() {
        let address: EmailAddress = "ann@example.com".parse().unwrap();
        assert!(!format!("{address:?}").contains("ann"));
    }

    proptest! {
        #[test]
        fn addresses_that_differ_in_case_are_one(local in "[a-z0-9]{1,20}(\\.[a-z0-9]{1,20}){0,2}", domain in "[a-z]{1,20}\\.[a-z]{2,10}") {
            let lower: EmailAddress = format!("{local}@{domain}").parse().unwrap();
            let upper: EmailAddress = format!("{local}@{domain}").to_uppercase().parse().unwrap();
            prop_assert_eq!(lower.key(), upper.key());
            prop_assert_eq!(lower.as_typed().to_uppercase(), upper.as_typed());
        }

        #[test]
        fn no_text_makes_the_parser_fail_and_what_it_takes_is_safe_in_a_header(text in ".{0,300}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert!(address.as_typed().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(address.as_typed().len() <= 254);
                prop_assert_eq!(address.as_typed(), text);
            }
        }

        #[test]
        fn a_key_is_an_address_and_its_own_key(local in "[A-Za-z0-9+]{1,64}", domain in "[A-Za-z]{1,63}\\.[A-Za-z]{2,63}") {
            let address: EmailAddress = format!("{local}@{domain}").parse().unwrap();
            let again: EmailAddress = address.key().parse().unwrap();
            prop_assert_eq!(again.key(), address.key());
        }
    }
}
