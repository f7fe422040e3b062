//! `infra/prices.json`: list prices of AWS, and assumptions about what cannot be counted locally.

use std::{collections::BTreeMap, fmt, num::NonZeroU64, ops::AddAssign};

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// The file's name, from the repository's root.
pub const FILE: &str = "infra/prices.json";

const DECIMALS: usize = 12;

/// US dollars, in picodollars: no float touches a price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u128);

impl Usd {
    pub const fn dollars(amount: u64) -> Self {
        Self(amount as u128 * 10_u128.pow(12))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// Rounded to cents, half a cent up.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CENT: u128 = 10_u128.pow(10);
        let cents = (self.0 + CENT / 2) / CENT;
        write!(f, "{}.{:02}", cents / 100, cents % 100)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = format!("{whole}{fraction:0<DECIMALS$}");
        let is_valid = !whole.is_empty() && fraction.len() <= DECIMALS && digits.bytes().all(|c| c.is_ascii_digit());
        let amount = digits.parse().ok().filter(|_| is_valid);
        amount.map(Self).ok_or_else(|| de::Error::custom(format!("`{text}` is not an amount of dollars")))
    }
}

/// The whole file.
#[derive(Debug, Deserialize)]
pub struct Prices {
    /// Region in which the prices apply.
    pub region: String,
    /// Month in which they were read.
    pub read: String,
    prices: BTreeMap<String, Price>,
    /// Numbers that cannot be counted locally, by name.
    pub assumptions: BTreeMap<String, Assumption>,
    /// Rows of the idle month, by type of resource.
    pub resources: BTreeMap<String, Vec<Row>>,
    /// Types of resources that cost nothing in an idle shop, by reason.
    free: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Price {
    /// Price of `per` units.
    usd: Usd,
    per: NonZeroU64,
    /// URL of the page with the price, or `assumed`.
    source: String,
}

/// A number that cannot be counted locally.
#[derive(Debug, Deserialize)]
pub struct Assumption {
    pub value: u64,
    /// Unit and reason.
    pub why: String,
}

/// Price of a resource. Of the rows of one line, the first whose conditions hold applies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Name of the line in the table.
    pub line: String,
    /// Arguments of the resource, by JSON pointer.
    #[serde(default, rename = "where")]
    pub conditions: BTreeMap<String, Value>,
    /// Factors of the quantity.
    #[serde(default)]
    pub times: Vec<String>,
    /// Name of the price of one. `null` is free of charge.
    pub price: Option<String>,
}

impl Prices {
    /// Price of `quantity` units. Fractions of a picodollar are dropped.
    pub fn of(&self, name: &str, quantity: u64) -> Result<Usd> {
        let price = self.prices.get(name).with_context(|| format!("{FILE} has no price `{name}`"))?;
        Ok(Usd(price.usd.0 * u128::from(quantity) / u128::from(price.per.get())))
    }

    /// Value of an assumption.
    pub fn assumption(&self, name: &str) -> Result<u64> {
        let found = self.assumptions.get(name).map(|assumption| assumption.value);
        found.with_context(|| format!("{FILE} has no assumption `{name}`"))
    }

    /// Whether a type of resource costs nothing in an idle shop.
    pub fn is_free(&self, kind: &str) -> bool {
        self.free.values().flatten().any(|free| free == kind)
    }

    /// Names of prices without a source.
    pub fn assumed(&self) -> impl Iterator<Item = &str> {
        self.prices.iter().filter(|(_, price)| price.source == "assumed").map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_and_shown_in_cents() {
        let usd = |text: &str| serde_json::from_value::<Usd>(text.into());
        for (amount, shown) in [("0", "0.00"), ("0.005", "0.01"), ("0.00499", "0.00"), ("7", "7.00")] {
            assert_eq!(usd(amount).unwrap().to_string(), shown);
        }
        let mut sum = usd("0.1").unwrap();
        sum += usd("0.2").unwrap();
        assert_eq!(sum, usd("0.3").unwrap());
        for wrong in ["", ".5", "1,5", "-1", "+1", "1.2.3", "0.0000000000001", "$3"] {
            assert!(usd(wrong).is_err(), "{wrong}");
        }
        let prices: Prices = crate::cost::read(FILE).unwrap();
        assert_eq!(prices.of("sqs.request", 5_000_000).unwrap(), Usd::dollars(2));
    }
}
