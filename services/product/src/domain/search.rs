//! Search of the catalogue.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{SearchText, Slug};

/// Conditions and order of a list of products. Conditions on variants hold if one variant fulfills them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    pub text: Option<SearchText>,
    pub category: Option<Slug>,
    pub min_price: Option<MinorUnits>,
    pub max_price: Option<MinorUnits>,
    pub in_stock: Option<bool>,
    pub sort: Sort,
}

impl Search {
    /// True without any condition but the category: the stored numbers per category are then exact.
    pub(crate) fn is_all(&self) -> bool {
        self.text.is_none() && self.min_price.is_none() && self.max_price.is_none() && self.in_stock.is_none()
    }
}

/// Order of a list of products. Prices are compared by the lowest price of a product's variants.
///
/// - `relevance`: best match first; only with `q`.
/// - `name`: A to Z.
/// - `price`: lowest price first.
/// - `-price`: highest price first.
/// - `newest`: newest product first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    #[serde(rename = "relevance")]
    Relevance,
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "price")]
    Price,
    #[serde(rename = "-price")]
    PriceDescending,
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
