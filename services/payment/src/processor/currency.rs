//! Currencies in which payments are requested from the processor.

use contracts::Currency;

/// Whether Stripe accepts payments in `currency` and counts them in ISO 4217's minor units, as [`contracts::Money`]
/// does.
///
/// An explicit list, because a wrong unit is a wrong price. Stripe counts ISK and UGX in hundredths that these
/// currencies do not have and MGA in whole units, and requires amounts in BHD, JOD, KWD, OMR and TND to be multiples of
/// ten. Check <https://docs.stripe.com/currencies> before adding a currency.
pub(super) const fn is_accepted(currency: Currency) -> bool {
    matches!(
        currency,
        Currency::AUD
            | Currency::BRL
            | Currency::CAD
            | Currency::CHF
            | Currency::CZK
            | Currency::DKK
            | Currency::EUR
            | Currency::GBP
            | Currency::HUF
            | Currency::JPY
            | Currency::NOK
            | Currency::NZD
            | Currency::PLN
            | Currency::RON
            | Currency::SEK
            | Currency::SGD
            | Currency::USD
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_that_stripe_counts_in_other_units_is_not_accepted() {
        for code in ["ISK", "UGX", "MGA", "BHD", "JOD", "KWD", "OMR", "TND"] {
            assert!(!is_accepted(Currency::from_code(code).unwrap()), "{code}");
        }
    }

    #[test]
    fn accepted_currencies_have_the_units_that_stripe_documents() {
        let letters = || ('A'..='Z').map(String::from);
        let codes = letters().flat_map(|one| letters().map(move |two| one.clone() + &two));
        let codes = codes.flat_map(|two| letters().map(move |three| two.clone() + &three));
        let accepted: Vec<_> =
            codes.filter_map(|code| Currency::from_code(&code)).filter(|c| is_accepted(*c)).collect();
        assert_eq!(accepted.len(), 17);
        for currency in accepted {
            let decimals = if currency == Currency::JPY { 0 } else { 2 };
            assert_eq!(currency.exponent(), Some(decimals), "{currency}");
        }
    }
}
