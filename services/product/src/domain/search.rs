//! Search of the catalogue.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{SearchText, Slug};

/// Conditions and order of a list of products. Conditions on variants hold if one variant fulfills them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words that a product contains.
    pub text: Option<SearchText>,
    /// Its category.
    pub category: Option<Slug>,
    /// Lower bound of its price.
    pub min_price: Option<MinorUnits>,
    /// Upper bound of its price.
    pub max_price: Option<MinorUnits>,
    /// Whether it is available.
    pub in_stock: Option<bool>,
    /// Order of the list.
    pub sort: Sort,
}

impl Search {
    /// True without any condition but the category: the stored numbers per category are then exact.
    pub(crate) fn is_all(&self) -> bool {
        self.text.is_none() && !self.has_price_range() && self.in_stock.is_none()
    }

    /// True with a condition on the price.
    pub(crate) fn has_price_range(&self) -> bool {
        self.min_price.is_some() || self.max_price.is_some()
    }

    /// Returns the lowest and the highest price. All prices are in the range of a search without this condition.
    pub(crate) fn price_range(&self) -> (i64, i64) {
        (self.min_price.map_or(1, |MinorUnits(min)| min.max(1)), self.max_price.map_or(i64::MAX, i64::from))
    }
}

/// Order of a list of products. The price of a product is its lowest one that is not below `min_price`.
///
/// - `relevance`: best match first; only with `q`.
/// - `name`: A to Z.
/// - `price`: lowest price first.
/// - `-price`: highest price first.
/// - `newest`: newest product first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    /// Best match first.
    #[serde(rename = "relevance")]
    Relevance,
    /// A to Z.
    #[serde(rename = "name")]
    Name,
    /// Lowest price first.
    #[serde(rename = "price")]
    Price,
    /// Highest price first.
    #[serde(rename = "-price")]
    PriceDescending,
    /// Newest product first.
    #[serde(rename = "newest")]
    Newest,
}

/// Bound of a price filter, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(value_type = i64, minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
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
