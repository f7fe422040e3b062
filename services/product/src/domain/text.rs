//! Texts that come from outside, each with its length and without control characters (PostgreSQL refuses NUL, and a
//! line break in a name breaks every list that shows it).

use std::{fmt, str::FromStr};

use contracts::ProductId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The text does not follow its rule. The message is fit for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(&'static str);

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident, $min:tt..=$max:tt, $allowed:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(value_type = String, min_length = $min, max_length = $max)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                let text = text.trim();
                let allowed: fn(char) -> bool = $allowed;
                let valid = ($min..=$max).contains(&text.chars().count()) && text.chars().all(allowed);
                if valid {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidText(concat!(
                        "must have ", stringify!($min), " to ", stringify!($max), " characters, none of them a control character"
                    )))
                }
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

texts! {
    /// What a product or a category is called.
    Name, 1..=120, |c| !c.is_control();
    /// What tells a variant from its siblings, such as `500 g`; empty for an only variant.
    VariantName, 0..=60, |c| !c.is_control();
    /// What a product is like, for people. May have several lines.
    Description, 0..=4000, |c| c == '\n' || !c.is_control();
    /// Why stock was corrected, for whoever reads the ledger.
    Reason, 1..=200, |c| !c.is_control();
    /// What a shopper looks for. Empty is the same as none.
    SearchText, 0..=100, |c| !c.is_control();
}

/// The name of a product or category in an address: `earl-grey`. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 80)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if text.len() <= 80 && text.split('-').all(word) {
            Ok(Self(text))
        } else {
            Err(InvalidText("must be words of a-z and 0-9 with one - between them, at most 80 characters"))
        }
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an address names a product. No slug looks like an id: a slug has no underscore.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ProductRef {
    /// By its id.
    Id(ProductId),
    /// By its slug.
    Slug(Slug),
}

impl TryFrom<String> for ProductRef {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        match ProductId::from_str(&text) {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => Slug::try_from(text).map(Self::Slug),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slug_is_exactly_what_its_pattern_says(text in "[a-z0-9A-Z_ -]{0,12}") {
            let words = text.split('-').all(|word| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            });
            prop_assert_eq!(Slug::try_from(text).is_ok(), words);
        }

        #[test]
        fn a_name_has_no_control_characters_and_no_blank_ends(text in any::<String>()) {
            if let Ok(name) = Name::try_from(text) {
                prop_assert!(!name.as_str().is_empty() && name.as_str().chars().count() <= 120);
                prop_assert!(!name.as_str().chars().any(char::is_control));
                prop_assert_eq!(name.as_str().trim(), name.as_str());
            }
        }

        #[test]
        fn no_slug_is_taken_for_an_id(bits: u128) {
            let id = ProductId::from(uuid::Uuid::from_u128(bits));
            prop_assert_eq!(ProductRef::try_from(id.to_string()), Ok(ProductRef::Id(id)));
            prop_assert!(Slug::try_from(id.to_string()).is_err());
        }
    }

    #[test]
    fn a_text_with_a_nul_is_refused() {
        assert!(SearchText::try_from("tea\0".to_owned()).is_err());
        assert!(Description::try_from("first line\nsecond line".to_owned()).is_ok());
    }
}
