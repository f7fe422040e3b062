//! `infra/prices.json`: list prices of AWS, and assumptions about what cannot be counted locally.

use std::{collections::BTreeMap, fmt, fs, iter::Sum, ops::Add, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Deserializer, de};

/// The file's name, from the repository's root.
const FILE: &str = "infra/prices.json";

/// US dollars, in picodollars: no float touches a price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(i128);

const DECIMALS: usize = 12;

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
        const CENT: i128 = 10_i128.pow(10);
        let cents = (self.0 + CENT / 2).div_euclid(CENT);
        write!(f, "{}.{:02}", cents / 100, cents % 100)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let amount = format!("{whole}{fraction:0<DECIMALS$}").parse();
        let is_valid = !whole.is_empty() && fraction.len() <= DECIMALS;
        amount.ok().filter(|amount| is_valid && *amount >= 0).map(Self).ok_or_else(|| {
            de::Error::custom(format!("`{text}` is not an amount of dollars with at most {DECIMALS} decimals"))
        })
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
    /// Types of resources that cost a fixed amount.
    pub resources: BTreeMap<String, Resource>,
    /// Types of resources that cost nothing in an idle shop, by reason.
    free: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Price {
    /// Price of `per` units.
    usd: Usd,
    per: u128,
    /// URL of the page with the price, or `assumed`.
    source: String,
}

/// A number that cannot be counted locally.
#[derive(Debug, Deserialize)]
pub struct Assumption {
    pub value: u128,
    /// Unit and reason.
    pub why: String,
}

/// A line of the table, and the price of one resource.
#[derive(Debug, Deserialize)]
pub struct Resource {
    pub line: String,
    pub price: String,
}

impl Prices {
    /// Reads the file of the repository at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        let prices: Self = serde_json::from_str(&text).context(FILE)?;
        for (name, price) in &prices.prices {
            let has_source = price.source == "assumed" || price.source.starts_with("https://");
            ensure!(has_source && price.per > 0, "{FILE}: {name} needs a source and a number of units");
        }
        Ok(prices)
    }

    /// Price of `quantity` units. Fractions of a picodollar are dropped.
    pub fn of(&self, name: &str, quantity: u128) -> Result<Usd> {
        let price = self.prices.get(name).with_context(|| format!("{FILE} has no price `{name}`"))?;
        Ok(Usd(price.usd.0 * quantity.cast_signed() / price.per.cast_signed()))
    }

    /// Value of an assumption.
    pub fn assumption(&self, name: &str) -> Result<u128> {
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
        assert_eq!(usd("0.1").unwrap() + usd("0.2").unwrap(), usd("0.3").unwrap());
        for wrong in ["", ".5", "1,5", "-1", "1.2.3", "0.0000000000001", "$3"] {
            assert!(usd(wrong).is_err(), "{wrong}");
        }
        let prices = Prices::read(&stack::workspace_root()).unwrap();
        assert_eq!(prices.of("sqs.request", 5_000_000).unwrap(), usd("2").unwrap());
    }
}
