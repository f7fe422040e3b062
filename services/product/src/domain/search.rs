//! What a shopper asks of the catalogue.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{SearchText, Slug};

/// Which products, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words to look for.
    pub text: Option<SearchText>,
    /// Only of this category.
    pub category: Option<Slug>,
    /// Only with a variant that costs at least this, in minor units.
    pub min_price: Option<MinorUnits>,
    /// Only with a variant that costs at most this, in minor units.
    pub max_price: Option<MinorUnits>,
    /// Only with (true) or only without (false) a variant in stock.
    pub in_stock: Option<bool>,
    /// What comes first.
    pub sort: Sort,
}

impl Search {
    /// True if nothing but the category narrows it down, so that counts per category need no counting.
    pub fn is_all(&self) -> bool {
        self.text.is_none() && self.min_price.is_none() && self.max_price.is_none() && self.in_stock.is_none()
    }
}

/// What comes first in a list of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    /// The best match first. Only with a text.
    #[serde(rename = "relevance")]
    Relevance,
    /// By name, from A to Z.
    #[serde(rename = "name")]
    Name,
    /// The cheapest first, by the lowest price of the product's variants.
    #[serde(rename = "price")]
    Price,
    /// The dearest first, by the lowest price of the product's variants.
    #[serde(rename = "-price")]
    PriceDescending,
    /// The newest first.
    #[serde(rename = "newest")]
    Newest,
}

/// A bound of a price filter: not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(value_type = i64, minimum = 0)]
#[serde(try_from = "i64", into = "i64")]
pub struct MinorUnits(i64);

impl TryFrom<i64> for MinorUnits {
    type Error = &'static str;

    fn try_from(minor: i64) -> Result<Self, Self::Error> {
        if minor >= 0 { Ok(Self(minor)) } else { Err("must not be negative") }
    }
}

impl From<MinorUnits> for i64 {
    fn from(bound: MinorUnits) -> Self {
        bound.0
    }
}
