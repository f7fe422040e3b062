//! Profile of an account: name and language of its owner.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::InvalidText;

/// Display name of a person: 1 to 100 characters on one line. Surrounding white space is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 100,
    pattern = r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*$",
    examples("Ann Lee"),
)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Maximum length, in characters.
    pub const MAX_LENGTH: usize = 100;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DisplayName {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let name = text.trim();
        let valid = (1..=Self::MAX_LENGTH).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if valid { Ok(Self(name.to_owned())) } else { Err(InvalidText("must have 1 to 100 characters, on one line")) }
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

/// Language: a BCP 47 tag of language, optional script and optional region, such as `en`, `de-AT` or `zh-Hant-TW`.
/// Stored in canonical case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(
    value_type = String,
    pattern = "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$",
    examples("de-AT"),
)]
#[serde(try_from = "String", into = "String")]
pub struct Locale(String);

impl Locale {
    /// Returns the tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl TryFrom<String> for Locale {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        canonical(&text).map(Self).ok_or(InvalidText("must be a language tag such as `en` or `de-AT`"))
    }
}

impl From<Locale> for String {
    fn from(locale: Locale) -> Self {
        locale.0
    }
}

fn canonical(text: &str) -> Option<String> {
    let letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());

    let mut parts = text.split('-').peekable();
    let language = parts.next().filter(|part| matches!(part.len(), 2 | 3) && letters(part))?;
    let script = parts.next_if(|part| part.len() == 4 && letters(part));
    let region = parts.next_if(|part| (part.len() == 2 && letters(part)) || (part.len() == 3 && digits(part)));
    if parts.next().is_some() {
        return None;
    }

    let mut tag = language.to_ascii_lowercase();
    if let Some(script) = script {
        let (first, rest) = script.split_at(1);
        tag += &format!("-{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase());
    }
    if let Some(region) = region {
        tag += &format!("-{}", region.to_ascii_uppercase());
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn locale(text: &str) -> Result<Locale, InvalidText> {
        text.to_owned().try_into()
    }

    #[test]
    fn a_language_tag_is_stored_in_canonical_case() {
        for (input, stored) in [("en", "en"), ("DE-at", "de-AT"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")] {
            assert_eq!(locale(input).unwrap().as_str(), stored);
        }
    }

    #[test]
    fn an_invalid_language_tag_is_rejected() {
        for text in ["", "e", "english", "en_US", "en-", "-en", "en-USA", "en-US-US", "../en", "en-US\n"] {
            assert!(locale(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_trimmed_and_must_not_be_blank_or_have_several_lines() {
        assert_eq!(DisplayName::try_from("  Ann Lee ".to_owned()).unwrap().as_str(), "Ann Lee");
        for text in ["", "   ", "Ann\r\nLee", "Ann\u{0}", &"a".repeat(101)] {
            assert!(DisplayName::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(DisplayName::try_from("李".repeat(100)).is_ok());
    }

    proptest! {
        #[test]
        fn an_accepted_name_is_accepted_again_and_unchanged(text in ".{0,120}") {
            if let Ok(name) = DisplayName::try_from(text) {
                prop_assert_eq!(DisplayName::try_from(name.as_str().to_owned()), Ok(name));
            }
        }

        #[test]
        fn the_canonical_form_of_a_locale_is_stable(text in "[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2})?") {
            let tag = locale(&text).unwrap();
            prop_assert_eq!(locale(tag.as_str()).unwrap(), tag);
        }
    }
}
