//! The languages that messages are written in.

use contracts::Money;

/// A language for which every template exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// English, also for everybody whose language is not here.
    En,
    /// German.
    De,
}

impl Locale {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// The best one for a BCP 47 tag: `de-AT` gets German, `fr` gets English.
    pub fn best_for(tag: &str) -> Self {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|locale| locale.tag().eq_ignore_ascii_case(language)).unwrap_or(Self::En)
    }

    /// The language's tag, which is also the folder of its templates.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The amount as readers of the language write it: `12.34 EUR`, `12,34 EUR`.
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
        fn languages_differ_in_the_decimal_sign_only(minor: i64) {
            let amount = Money::new(minor, Currency::EUR);
            prop_assert_eq!(Locale::De.money(amount).replace(',', "."), Locale::En.money(amount));
        }
    }

    #[test]
    fn who_speaks_neither_gets_english() {
        for tag in ["fr", "den", "", "-de"] {
            assert_eq!(Locale::best_for(tag), Locale::En, "{tag}");
        }
    }
}
