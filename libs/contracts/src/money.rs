//! Money: an integer of minor units and an ISO 4217 currency. Prices never pass through a float.

use std::fmt;

pub use iso_currency::Currency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An amount of money.
///
/// `minor` counts the smallest unit of the currency (cents for EUR, whole yen for JPY), like card processors do.
/// Arithmetic is checked: a sum that overflows or mixes currencies is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "axum", derive(utoipa::ToSchema))]
pub struct Money {
    /// Amount in minor units of `currency`.
    #[serde(deserialize_with = "crate::number::integer")]
    pub minor: i64,
    /// ISO 4217 code of the currency, such as `EUR`.
    #[schemars(with = "CurrencyCode")]
    #[cfg_attr(feature = "axum", schema(value_type = String, pattern = "^[A-Z]{3}$", examples("EUR")))]
    pub currency: Currency,
}

/// JSON Schema of a currency; never instantiated.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct CurrencyCode(#[schemars(regex(pattern = "^[A-Z]{3}$"))] String);

/// Failure of an arithmetic operation on amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The operands of a sum have different currencies.
    #[error("{left} and {right} cannot be added")]
    CurrencyMismatch {
        /// Currency of the left operand.
        left: Currency,
        /// Currency of the right operand.
        right: Currency,
    },
    /// The result exceeds 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// Creates an amount of `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Returns zero in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Returns the sum of two amounts of the same currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Returns the price of `quantity` pieces.
    pub fn checked_mul(self, quantity: u32) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(i64::from(quantity)).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }
}

impl fmt::Display for Money {
    /// Formats the amount for people: `12.34 EUR`, `500 JPY`, with the currency's number of decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.currency.exponent().unwrap_or(0));
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if decimals == 0 { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction} {}", self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    proptest! {
        #[test]
        fn addition_is_exact_or_an_error(a: i64, b: i64) {
            let exact = i128::from(a) + i128::from(b);
            match eur(a).checked_add(eur(b)) {
                Ok(sum) => prop_assert_eq!(i128::from(sum.minor), exact),
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::Overflow);
                    prop_assert!(i64::try_from(exact).is_err());
                }
            }
        }

        #[test]
        fn multiplication_is_exact_or_an_error(price: i64, quantity: u32) {
            let exact = i128::from(price) * i128::from(quantity);
            match eur(price).checked_mul(quantity) {
                Ok(product) => prop_assert_eq!(i128::from(product.minor), exact),
                Err(_) => prop_assert!(i64::try_from(exact).is_err()),
            }
        }

        #[test]
        fn money_round_trips_through_json(minor: i64) {
            let text = serde_json::to_string(&eur(minor)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&text).unwrap(), eur(minor));
        }

        #[test]
        fn the_formatted_amount_has_every_digit(minor: i64) {
            let text = eur(minor).to_string().replace('.', "");
            prop_assert_eq!(text.strip_suffix(" EUR").unwrap().parse::<i64>().unwrap(), minor);
        }
    }

    #[test]
    fn two_currencies_are_never_added() {
        let yen = Money::new(1, Currency::JPY);
        assert_eq!(
            eur(1).checked_add(yen),
            Err(MoneyError::CurrencyMismatch { left: Currency::EUR, right: Currency::JPY })
        );
    }

    #[test]
    fn decimals_follow_the_currency() {
        assert_eq!(eur(5).to_string(), "0.05 EUR");
        assert_eq!(eur(-1234).to_string(), "-12.34 EUR");
        assert_eq!(Money::new(500, Currency::JPY).to_string(), "500 JPY");
        assert_eq!(Money::new(1, Currency::KWD).to_string(), "0.001 KWD");
    }

    #[test]
    fn a_fraction_of_a_minor_unit_is_refused() {
        assert!(serde_json::from_str::<Money>(r#"{"minor": 1.5, "currency": "EUR"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"minor": 1, "currency": "EURO"}"#).is_err());
    }
}
