//! Offers: names and prices of the catalogue, as far as carts need them.

use contracts::{Money, Sku, event::product::ProductChanged};
use serde::{Deserialize, Serialize};

/// Offer of one SKU, as product last published it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Name of the product and its variant.
    pub name: String,
    /// Price of one piece.
    pub price: Money,
    /// False if the SKU can no longer be bought.
    pub for_sale: bool,
}

/// Returns the offers of all variants in a snapshot of a product.
pub(crate) fn offers_of(product: &ProductChanged) -> Vec<(Sku, Offer)> {
    let offer = |name: &str, price| Offer { name: full_name(&product.name, name), price, for_sale: product.for_sale };
    product.variants.iter().map(|variant| (variant.sku.clone(), offer(&variant.name, variant.price))).collect()
}

fn full_name(product: &str, variant: &str) -> String {
    if variant.is_empty() { product.to_owned() } else { format!("{product}, {variant}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_variant_has_the_name_of_the_product() {
        assert_eq!(full_name("Kettle", ""), "Kettle");
        assert_eq!(full_name("Coffee", "500 g"), "Coffee, 500 g");
    }
}
