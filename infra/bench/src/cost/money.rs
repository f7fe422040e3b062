//! US dollars, exactly. No float touches a price.

use std::{fmt, iter::Sum, ops::Add, str::FromStr};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Deserializer, de};

/// An amount, in picodollars: a GB-second of a function costs 0.0000133334 dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(i128);

const DECIMALS: usize = 12;
const ONE: i128 = 1_000_000_000_000;

impl Usd {
    /// Whole dollars.
    pub const fn dollars(whole: i128) -> Self {
        Self(whole * ONE)
    }

    /// What `quantity` costs where `per` cost this much; a picodollar's fraction is dropped.
    pub fn times(self, quantity: u128, per: u128) -> Self {
        Self(self.0 * quantity.cast_signed() / per.max(1).cast_signed())
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// Rounded to cents, half a cent up.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CENT: i128 = ONE / 100;
        let cents = (self.0 + CENT / 2).div_euclid(CENT);
        f.pad(&format!("{}.{:02}", cents / 100, cents % 100))
    }
}

impl FromStr for Usd {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > DECIMALS {
            bail!("`{text}` is not an amount of dollars with at most {DECIMALS} decimals, such as 0.0225");
        }
        format!("{whole}{fraction:0<DECIMALS$}").parse().map(Self).with_context(|| format!("`{text}` is too much"))
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_of_many_decimals_is_exact() {
        assert_eq!(usd("0.0000133334").times(1_000_000, 1), usd("13.3334"));
        assert_eq!(usd("0.40").times(5_000_000, 1_000_000), usd("2"));
        assert_eq!(usd("0.1") + usd("0.2"), usd("0.3"));
    }

    #[test]
    fn amounts_are_shown_in_cents_half_a_cent_up() {
        for (amount, shown) in
            [("0", "0.00"), ("0.005", "0.01"), ("0.00499", "0.00"), ("32.85", "32.85"), ("7", "7.00")]
        {
            assert_eq!(usd(amount).to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for wrong in ["", ".5", "1,5", "-1", "1.2.3", "0.0000000000001", "$3"] {
            assert!(wrong.parse::<Usd>().is_err(), "{wrong}");
        }
    }
}
