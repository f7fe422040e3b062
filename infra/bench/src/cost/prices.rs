//! `infra/prices.json`: what AWS asks for, and what is assumed where nothing was counted.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::money::Usd;

/// The file's name, from the repository's root.
pub const FILE: &str = "infra/prices.json";

/// What a source of a price that nobody has read is called.
const ASSUMED: &str = "assumed";

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Remarks for readers of the file.
    #[serde(rename = "$comment")]
    _comment: String,
    /// Where these prices hold.
    pub region: String,
    /// When they were read.
    pub read: String,
    /// By name.
    prices: BTreeMap<String, Price>,
    /// Numbers that nobody can count here, by name.
    assumptions: BTreeMap<String, Assumption>,
}

/// What something costs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The price of `per` units.
    usd: Usd,
    /// How many units it buys.
    per: u128,
    /// What is bought: `requests`.
    #[expect(dead_code, reason = "for those who read the file; a price without it is refused")]
    unit: String,
    /// The page that says so, or `assumed`.
    pub source: String,
}

impl Price {
    /// What `quantity` units cost.
    pub fn of(&self, quantity: u128) -> Usd {
        self.usd.times(quantity, self.per)
    }

    /// Nobody has read it anywhere.
    pub fn is_assumed(&self) -> bool {
        self.source == ASSUMED
    }
}

/// A number that nobody can count here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The number.
    pub value: u128,
    /// What it is, in its unit, and why.
    pub why: String,
}

impl Prices {
    /// Reads the file of the repository at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        Self::parse(&text).context(FILE)
    }

    fn parse(text: &str) -> Result<Self> {
        let prices: Self = serde_json::from_str(text)?;
        for (name, price) in &prices.prices {
            let sourced = price.is_assumed() || price.source.starts_with("https://");
            ensure!(sourced, "{name}: the source is neither a page nor `{ASSUMED}`: {}", price.source);
            ensure!(price.per > 0, "{name}: a price of no units");
        }
        Ok(prices)
    }

    /// The price called `name`.
    pub fn price(&self, name: &str) -> Result<&Price> {
        self.prices.get(name).with_context(|| format!("{FILE} has no price `{name}`: add it, with its source"))
    }

    /// The assumption called `name`.
    pub fn assumption(&self, name: &str) -> Result<u128> {
        let found = self.assumptions.get(name).map(|assumption| assumption.value);
        found.with_context(|| format!("{FILE} has no assumption `{name}`: add it, with its reason"))
    }

    /// All assumptions, by name.
    pub fn assumptions(&self) -> impl Iterator<Item = (&str, &Assumption)> {
        self.assumptions.iter().map(|(name, assumption)| (&name[..], assumption))
    }

    /// The names of prices that nobody has read anywhere.
    pub fn assumed(&self) -> impl Iterator<Item = &str> {
        self.prices.iter().filter(|(_, price)| price.is_assumed()).map(|(name, _)| &name[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack::workspace_root;

    const ONE_PRICE: &str = r#"{ "$comment": "", "region": "r", "read": "d", "assumptions": {},
        "prices": { "x": { "usd": "0.40", "per": 1000000, "unit": "requests", "source": "SOURCE" } } }"#;

    #[test]
    fn the_file_of_this_repository_is_well_formed() {
        Prices::read(&workspace_root()).unwrap();
    }

    #[test]
    fn a_price_has_a_source_or_says_that_it_has_none() {
        let parse = |source| Prices::parse(&ONE_PRICE.replace("SOURCE", source));
        let assumed = parse("assumed").unwrap();
        assert_eq!(assumed.price("x").unwrap().of(2_500_000), "1".parse().unwrap());
        assert_eq!(assumed.assumed().collect::<Vec<_>>(), ["x"]);
        assert_eq!(parse("https://aws.amazon.com/sqs/pricing/").unwrap().assumed().count(), 0);
        parse("I know").unwrap_err();
        assert!(assumed.price("y").unwrap_err().to_string().contains("`y`"));
    }
}
