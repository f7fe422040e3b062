//! What an account says about its owner.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// What a person wants to be called: 1 to 100 characters, none of them a control character. Space around it is cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 100;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DisplayName {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let name = text.trim();
        let valid = (1..=Self::MAX_LENGTH).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if valid { Ok(Self(name.to_owned())) } else { Err(Invalid("must have 1 to 100 characters, on one line")) }
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

/// A language, as a BCP 47 tag of language, optional script and optional region: `en`, `de-AT`, `zh-Hant-TW`.
/// It is kept in the usual capitals, however it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locale(String);

impl Locale {
    /// The tag as text.
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
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        canonical(&text).map(Self).ok_or(Invalid("must be a language tag such as `en` or `de-AT`"))
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

    fn locale(text: &str) -> Result<Locale, Invalid> {
        text.to_owned().try_into()
    }

    #[test]
    fn a_language_tag_is_kept_in_the_usual_capitals() {
        for (written, kept) in [("en", "en"), ("DE-at", "de-AT"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")] {
            assert_eq!(locale(written).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_language_tag_is_refused() {
        for text in ["", "e", "english", "en_US", "en-", "-en", "en-USA", "en-US-US", "../en", "en-US\n"] {
            assert!(locale(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_trimmed_and_must_not_be_blank_or_broken() {
        assert_eq!(DisplayName::try_from("  Ann Lee ".to_owned()).unwrap().as_str(), "Ann Lee");
        for text in ["", "   ", "Ann\r\nLee", "Ann\u{0}", &"a".repeat(101)] {
            assert!(DisplayName::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(DisplayName::try_from("李".repeat(100)).is_ok());
    }

    proptest! {
        #[test]
        fn what_was_taken_is_taken_again_and_stays(text in ".{0,120}") {
            if let Ok(name) = DisplayName::try_from(text) {
                prop_assert_eq!(DisplayName::try_from(name.as_str().to_owned()), Ok(name));
            }
        }

        #[test]
        fn a_locale_is_its_own_canonical_form(text in "[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2})?") {
            let tag = locale(&text).unwrap();
            prop_assert_eq!(locale(tag.as_str()).unwrap(), tag);
        }
    }
}
