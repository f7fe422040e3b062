//! A product, its price rule, and what an administrator may change.

use std::collections::BTreeMap;

use contracts::{
    Money, ProductId, Sku,
    event::{Event, product},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{Description, Name, Slug};

/// A product with everything that can be bought of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Made at its first import.
    pub id: ProductId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What it is like.
    pub description: String,
    /// The category it is listed in.
    pub category: Slug,
    /// False for a product that can no longer be bought. It can still be read.
    pub for_sale: bool,
    /// Counts its changes, from 1.
    pub version: u64,
    /// At least one, in the order of show.
    pub variants: Vec<Variant>,
}

/// One SKU of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// What is sold.
    pub sku: Sku,
    /// What tells it from its siblings.
    pub name: String,
    /// The price of one piece, taxes included.
    pub price: Money,
}

/// The price of one piece: from 1 to 1,000,000,000 minor units, so that no order's total can overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = Money)]
#[serde(try_from = "Money", into = "Money")]
pub struct Price(Money);

/// The amount is not a price. The message is fit for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a price must have 1 to {} minor units", Price::MAX_MINOR)]
pub struct InvalidPrice;

impl Price {
    /// The highest price, in minor units.
    pub const MAX_MINOR: i64 = 1_000_000_000;
}

impl TryFrom<Money> for Price {
    type Error = InvalidPrice;

    fn try_from(money: Money) -> Result<Self, InvalidPrice> {
        if (1..=Self::MAX_MINOR).contains(&money.minor) { Ok(Self(money)) } else { Err(InvalidPrice) }
    }
}

impl From<Price> for Money {
    fn from(price: Price) -> Self {
        price.0
    }
}

/// What an administrator wants changed. What is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPatch {
    /// The new name.
    pub name: Option<Name>,
    /// The new description.
    pub description: Option<Description>,
    /// Whether it can be bought.
    pub for_sale: Option<bool>,
    /// New prices by SKU, in the currency of the catalogue.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, Money>)]
    pub prices: BTreeMap<Sku, Price>,
}

/// Why a patch does not fit its product. The messages are fit for a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The product has no such SKU.
    #[error("the product has no SKU {0}")]
    UnknownSku(Sku),
    /// Prices of a catalogue have one currency.
    #[error("the price of {sku} must be in {}", .expected.code())]
    WrongCurrency {
        /// Whose price it was to be.
        sku: Sku,
        /// The catalogue's currency.
        expected: contracts::Currency,
    },
}

impl PatchError {
    /// The field of the request that is wrong.
    pub fn field(&self) -> String {
        match self {
            Self::UnknownSku(sku) | Self::WrongCurrency { sku, .. } => format!("prices.{sku}"),
        }
    }
}

impl Product {
    /// The product after `patch`: of the next version if that changed anything, otherwise as it was.
    pub fn patched(&self, patch: ProductPatch) -> Result<Self, PatchError> {
        let ProductPatch { name, description, for_sale, prices } = patch;
        let mut next = self.clone();
        next.name = name.map_or(next.name, String::from);
        next.description = description.map_or(next.description, String::from);
        next.for_sale = for_sale.unwrap_or(next.for_sale);
        for (sku, Price(price)) in prices {
            let Some(variant) = next.variants.iter_mut().find(|variant| variant.sku == sku) else {
                return Err(PatchError::UnknownSku(sku));
            };
            if price.currency != variant.price.currency {
                return Err(PatchError::WrongCurrency { sku, expected: variant.price.currency });
            }
            variant.price = price;
        }
        Ok(next.following(self))
    }

    /// This product as the successor of `before`: a difference, and nothing else, makes a new version.
    pub(super) fn following(mut self, before: &Self) -> Self {
        self.version = before.version;
        if self != *before {
            self.version += 1;
        }
        self
    }

    /// The price to list and sort it by, in minor units.
    pub fn lowest_price(&self) -> i64 {
        self.variants.iter().map(|variant| variant.price.minor).min().unwrap_or_default()
    }

    /// The event that tells of this version.
    pub fn snapshot(&self) -> Event {
        let variant = |variant: &Variant| {
            let Variant { sku, name, price } = variant.clone();
            product::Variant { sku, name, price }
        };
        Event::ProductChanged(product::ProductChanged {
            product_id: self.id,
            name: self.name.clone(),
            for_sale: self.for_sale,
            variants: self.variants.iter().map(variant).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use contracts::Currency;

    use super::*;

    fn product() -> Product {
        let variant = |sku: &str, minor| Variant {
            sku: sku.parse().unwrap(),
            name: String::new(),
            price: Money::new(minor, Currency::EUR),
        };
        Product {
            id: ProductId::from(uuid::Uuid::from_u128(1)),
            slug: Slug::try_from("earl-grey".to_owned()).unwrap(),
            name: "Earl Grey".to_owned(),
            description: String::new(),
            category: Slug::try_from("tea".to_owned()).unwrap(),
            for_sale: true,
            version: 7,
            variants: vec![variant("TEA-1", 900), variant("TEA-2", 500)],
        }
    }

    fn prices(sku: &str, minor: i64, currency: Currency) -> ProductPatch {
        let price = Price::try_from(Money::new(minor, currency)).unwrap();
        ProductPatch { prices: BTreeMap::from([(sku.parse().unwrap(), price)]), ..ProductPatch::default() }
    }

    #[test]
    fn a_patch_that_changes_something_makes_the_next_version() {
        let next = product().patched(prices("TEA-2", 450, Currency::EUR)).unwrap();
        assert_eq!((next.version, next.lowest_price()), (8, 450));
    }

    #[test]
    fn a_patch_that_changes_nothing_makes_no_version() {
        assert_eq!(product().patched(prices("TEA-2", 500, Currency::EUR)), Ok(product()));
        assert_eq!(product().patched(ProductPatch::default()), Ok(product()));
    }

    #[test]
    fn a_price_of_another_currency_or_sku_is_refused() {
        let error = product().patched(prices("TEA-2", 450, Currency::USD)).unwrap_err();
        assert_eq!(error.to_string(), "the price of TEA-2 must be in EUR");
        let error = product().patched(prices("TEA-9", 450, Currency::EUR)).unwrap_err();
        assert_eq!(error.field(), "prices.TEA-9");
    }

    #[test]
    fn a_price_is_at_least_one_minor_unit() {
        for minor in [i64::MIN, -1, 0, Price::MAX_MINOR + 1] {
            assert_eq!(Price::try_from(Money::new(minor, Currency::EUR)), Err(InvalidPrice));
        }
    }
}
