//! Languages of messages.

use contracts::Money;

/// A language for which every template exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// English, the default.
    En,
    /// German.
    De,
}

impl Locale {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// Returns the best language for a BCP 47 tag: German for `de-AT`, English for `fr`.
    pub fn best_for(tag: &str) -> Self {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|locale| locale.tag().eq_ignore_ascii_case(language)).unwrap_or(Self::En)
    }

    /// Language tag, which is also the name of the folder of its templates.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// Formats an amount: `12.34 EUR` in English, `12,34 EUR` in German.
    pub fn money(self, amount: Money) -> String {
        match self {
            Self::En => amount.to_string(),
            Self::De => amount.to_string().replace('.', ","),
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::Currency;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_tag_has_a_language(tag in any::<String>()) {
            prop_assert!(Locale::ALL.contains(&Locale::best_for(&tag)));
        }

        #[test]
        fn a_region_does_not_change_the_language(region in "[A-Z]{2}") {
            prop_assert_eq!(Locale::best_for(&format!("de-{region}")), Locale::De);
        }

        #[test]
        fn languages_differ_only_in_the_decimal_separator(minor: i64) {
            let amount = Money::new(minor, Currency::EUR);
            prop_assert_eq!(Locale::De.money(amount).replace(',', "."), Locale::En.money(amount));
        }
    }

    #[test]
    fn other_languages_get_english() {
        for tag in ["fr", "den", "", "-de"] {
            assert_eq!(Locale::best_for(tag), Locale::En, "{tag}");
        }
    }
}
