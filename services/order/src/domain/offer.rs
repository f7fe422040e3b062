//! What the shop offers, as far as carts need to know: the replica of product's names and prices.

use contracts::{Money, Sku, event::product::ProductChanged};
use serde::{Deserialize, Serialize};

/// One SKU as product last described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The product's name, with the variant's.
    pub name: String,
    /// The price of one piece.
    pub price: Money,
    /// False for what can no longer be bought.
    pub for_sale: bool,
}

/// Everything that is offered of a product, by a snapshot of it.
pub fn offers_of(product: &ProductChanged) -> Vec<(Sku, Offer)> {
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
    fn an_only_variant_has_the_products_name() {
        assert_eq!(full_name("Kettle", ""), "Kettle");
        assert_eq!(full_name("Coffee", "500 g"), "Coffee, 500 g");
    }
}
