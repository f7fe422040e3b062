//! Text from clients and files, with limits of length and without control characters: PostgreSQL rejects NUL, and a
//! line break in a name breaks every list that shows it.

use std::{fmt, str::FromStr};

use contracts::ProductId;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// The text breaks a rule of its type. The message may be shown to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(&'static str);

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident, $min:tt..=$max:tt, $pattern:tt, $allowed:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(value_type = String, min_length = $min, max_length = $max, pattern = $pattern)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
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
                        "must have ", stringify!($min), " to ", stringify!($max),
                        " characters, none of them a control character"
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

// A pattern describes its type's rule to clients. Text is trimmed before it is checked, so that one of white space only
// is empty.
texts! {
    /// Name of a product or category.
    Name, 1..=120,
        r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*$",
        |c| !c.is_control();
    /// Name of a variant within its product, such as `500 g`; empty for an only variant.
    VariantName, 0..=60, r"^[^\u0000-\u001F\u007F-\u009F]*$", |c| !c.is_control();
    /// Description of a product, with line breaks.
    Description, 0..=4000, r"^[^\u0000-\u0009\u000B-\u001F\u007F-\u009F]*$", |c| c == '\n' || !c.is_control();
    /// Reason for a correction of stock, kept in the ledger.
    Reason, 1..=200,
        r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*$",
        |c| !c.is_control();
    /// Text to search for. Empty text is the same as none.
    SearchText, 0..=100, r"^[^\u0000-\u001F\u007F-\u009F]*$", |c| !c.is_control();
}

/// Name of a product or category in URLs, such as `earl-grey`. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 80)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    pub(crate) fn as_str(&self) -> &str {
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

/// Id or slug of a product. The two cannot be confused: an id contains an underscore, a slug never does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ProductRef {
    Id(ProductId),
    Slug(Slug),
}

impl PartialSchema for ProductRef {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Id or slug of a product"))
            .pattern(Some("^(prd_[0-9a-f]{32}|[a-z0-9]+(-[a-z0-9]+)*)$"))
            .max_length(Some(80))
            .into()
    }
}

impl ToSchema for ProductRef {}

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
        fn a_slug_consists_of_words_with_single_hyphens(text in "[a-z0-9A-Z_ -]{0,12}") {
            let words = text.split('-').all(|word| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            });
            prop_assert_eq!(Slug::try_from(text).is_ok(), words);
        }

        #[test]
        fn a_name_has_no_control_characters_and_is_trimmed(text in any::<String>()) {
            if let Ok(name) = Name::try_from(text) {
                prop_assert!(!name.as_ref().is_empty() && name.as_ref().chars().count() <= 120);
                prop_assert!(!name.as_ref().chars().any(char::is_control));
                prop_assert_eq!(name.as_ref().trim(), name.as_ref());
            }
        }

        #[test]
        fn an_id_is_never_a_slug(bits: u128) {
            let id = ProductId::from(uuid::Uuid::from_u128(bits));
            prop_assert_eq!(ProductRef::try_from(id.to_string()), Ok(ProductRef::Id(id)));
            prop_assert!(Slug::try_from(id.to_string()).is_err());
        }
    }

    #[test]
    fn control_characters_are_rejected_except_line_breaks_in_descriptions() {
        assert!(SearchText::try_from("tea\0".to_owned()).is_err());
        assert!(Name::try_from("first line\nsecond line".to_owned()).is_err());
        assert!(Description::try_from("first line\nsecond line".to_owned()).is_ok());
    }
}
