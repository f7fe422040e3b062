//! Products, limits of prices, and changes by administrators.

use std::collections::BTreeMap;

use contracts::{
    Currency, Money, ProductId, Sku,
    event::{Event, product},
};
use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Ref, Type},
};

use super::{
    catalogue::MAX_VARIANTS,
    text::{Description, Name, Slug},
};

/// Product with its variants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub id: ProductId,
    pub slug: Slug,
    pub name: String,
    pub description: String,
    pub category: Slug,
    /// False for a product that can no longer be bought. It can still be read.
    pub for_sale: bool,
    /// Number of changes, from 1.
    pub version: u64,
    /// At least one, in display order.
    pub variants: Vec<Variant>,
}

/// SKU of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    pub sku: Sku,
    /// Name of the variant within its product.
    pub name: String,
    /// Price of one piece, taxes included.
    pub price: Money,
}

/// Price of one piece: 1 to 1,000,000,000 minor units, so that the total of an order cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "UncheckedPrice<Currency>")]
pub struct Price(Money);

/// The amount is not a price. The message may be shown to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a price must have 1 to {} minor units", Price::MAX_MINOR)]
pub struct InvalidPrice;

impl Price {
    /// Maximum price, in minor units.
    const MAX_MINOR: i64 = 1_000_000_000;

    /// Creates a price of `minor` units of `currency`.
    pub(super) fn new(minor: i64, currency: Currency) -> Result<Self, InvalidPrice> {
        if is_price(minor) { Ok(Self(Money::new(minor, currency))) } else { Err(InvalidPrice) }
    }
}

impl TryFrom<UncheckedPrice<Currency>> for Price {
    type Error = InvalidPrice;

    fn try_from(UncheckedPrice { minor, currency }: UncheckedPrice<Currency>) -> Result<Self, InvalidPrice> {
        Self::new(minor, currency)
    }
}

fn is_price(minor: i64) -> bool {
    (1..=Price::MAX_MINOR).contains(&minor)
}

impl From<Price> for Money {
    fn from(price: Price) -> Self {
        price.0
    }
}

/// Change of a product by an administrator. Omitted fields keep their value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPatch {
    pub name: Option<Name>,
    pub description: Option<Description>,
    /// Whether the product can be bought.
    pub for_sale: Option<bool>,
    /// New prices of one piece, taxes included, by SKU. The product must have the SKU.
    #[serde(default)]
    #[schema(schema_with = prices_schema)]
    pub prices: BTreeMap<Sku, NewPrice>,
}

/// New price of one piece. Its currency must be that of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, try_from = "UncheckedPrice<CurrencyCode>")]
pub struct NewPrice {
    /// Amount in minor units of `currency`.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    minor: i64,
    /// ISO 4217 code of the catalogue's currency, such as `EUR`.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", examples("EUR"))]
    currency: CurrencyCode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedPrice<C> {
    #[serde(deserialize_with = "contracts::number::integer")]
    minor: i64,
    currency: C,
}

impl TryFrom<UncheckedPrice<CurrencyCode>> for NewPrice {
    type Error = InvalidPrice;

    fn try_from(UncheckedPrice { minor, currency }: UncheckedPrice<CurrencyCode>) -> Result<Self, InvalidPrice> {
        if is_price(minor) { Ok(Self { minor, currency }) } else { Err(InvalidPrice) }
    }
}

/// Three letters. Whether they are the catalogue's currency is checked against the product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct CurrencyCode(String);

impl TryFrom<String> for CurrencyCode {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        let is_code = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        if is_code { Ok(Self(code)) } else { Err("must be the three letters of an ISO 4217 currency") }
    }
}

fn prices_schema() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("New prices of one piece, taxes included, by SKU. The product must have the SKU"))
        .property_names(Some(Sku::schema()))
        .additional_properties(Some(Ref::from_schema_name(NewPrice::name())))
        .max_properties(Some(MAX_VARIANTS))
        .build()
}

/// The patch does not fit the product. The messages may be shown to clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    #[error("the product has no SKU {0}")]
    UnknownSku(Sku),
    #[error("the price of {sku} must be in {}", .expected.code())]
    WrongCurrency { sku: Sku, expected: Currency },
}

impl PatchError {
    /// Returns the invalid field of the request.
    pub(crate) fn field(&self) -> String {
        match self {
            Self::UnknownSku(sku) | Self::WrongCurrency { sku, .. } => format!("prices.{sku}"),
        }
    }
}

impl Product {
    /// Returns the product after `patch`: the next version, or the same one if nothing changes.
    pub(crate) fn patched(&self, patch: ProductPatch) -> Result<Self, PatchError> {
        let ProductPatch { name, description, for_sale, prices } = patch;
        let mut next = self.clone();
        next.name = name.map_or(next.name, String::from);
        next.description = description.map_or(next.description, String::from);
        next.for_sale = for_sale.unwrap_or(next.for_sale);
        for (sku, NewPrice { minor, currency }) in prices {
            let Some(variant) = next.variants.iter_mut().find(|variant| variant.sku == sku) else {
                return Err(PatchError::UnknownSku(sku));
            };
            if currency.0 != variant.price.currency.code() {
                return Err(PatchError::WrongCurrency { sku, expected: variant.price.currency });
            }
            variant.price.minor = minor;
        }
        Ok(next.following(self))
    }

    /// Returns this product as the successor of `before`. The version increases only if the products differ.
    pub(super) fn following(mut self, before: &Self) -> Self {
        self.version = before.version;
        if self != *before {
            self.version += 1;
        }
        self
    }

    /// Returns the price to sort by, in minor units.
    pub(crate) fn lowest_price(&self) -> i64 {
        self.variants.iter().map(|variant| variant.price.minor).min().unwrap_or_default()
    }

    /// Returns the event that publishes this version.
    pub(crate) fn snapshot(&self) -> Event {
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
        let price = NewPrice { minor, currency: CurrencyCode(currency.code().to_owned()) };
        ProductPatch { prices: BTreeMap::from([(sku.parse().unwrap(), price)]), ..ProductPatch::default() }
    }

    #[test]
    fn a_patch_with_a_change_creates_the_next_version() {
        let next = product().patched(prices("TEA-2", 450, Currency::EUR)).unwrap();
        assert_eq!((next.version, next.lowest_price()), (8, 450));
    }

    #[test]
    fn a_patch_without_a_change_creates_no_version() {
        assert_eq!(product().patched(prices("TEA-2", 500, Currency::EUR)), Ok(product()));
        assert_eq!(product().patched(ProductPatch::default()), Ok(product()));
    }

    #[test]
    fn a_price_in_another_currency_or_of_another_sku_is_rejected() {
        let error = product().patched(prices("TEA-2", 450, Currency::USD)).unwrap_err();
        assert_eq!(error.to_string(), "the price of TEA-2 must be in EUR");
        let error = product().patched(prices("TEA-9", 450, Currency::EUR)).unwrap_err();
        assert_eq!(error.field(), "prices.TEA-9");
    }

    #[test]
    fn a_price_has_1_to_1_000_000_000_minor_units() {
        for minor in [i64::MIN, -1, 0, Price::MAX_MINOR + 1] {
            assert_eq!(Price::new(minor, Currency::EUR), Err(InvalidPrice));
        }
    }
}
