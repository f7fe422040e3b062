//! A product as clients see it.

use contracts::{Money, ProductId, Sku};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::products::{ProductRow, VariantRow};

/// A product with everything that can be bought of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductBody {
    id: ProductId,
    /// Its name in addresses.
    slug: String,
    name: String,
    description: String,
    /// The slug of its category.
    category: String,
    /// False for a product that can no longer be bought.
    for_sale: bool,
    /// Counts its changes.
    version: i64,
    /// At least one, in the order of show.
    variants: Vec<VariantBody>,
}

/// One SKU of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Variant)]
struct VariantBody {
    sku: Sku,
    /// What tells it from its siblings, such as `500 g`; empty for an only variant.
    name: String,
    /// The price of one piece, taxes included.
    price: Money,
    /// True if it can be bought now.
    in_stock: bool,
}

impl ProductBody {
    /// Changes whenever anything of this body does: the version, and which variants are in stock, one bit each.
    pub fn etag(&self) -> String {
        let in_stock = self.variants.iter().fold(0_u64, |bits, variant| bits << 1 | u64::from(variant.in_stock));
        format!("\"{}-{in_stock:x}\"", self.version)
    }
}

/// The version that an ETag of a product names. Its stock is left aside: it may change while somebody edits the text.
pub fn version_of(etag: &str) -> Option<u64> {
    let (version, in_stock) = etag.strip_prefix('"')?.strip_suffix('"')?.split_once('-')?;
    u64::from_str_radix(in_stock, 16).ok()?;
    version.parse().ok()
}

impl From<ProductRow> for ProductBody {
    fn from(row: ProductRow) -> Self {
        let ProductRow { id, slug, name, description, category, for_sale, version, variants } = row;
        let variant = |VariantRow { sku, name, price, in_stock }| VariantBody { sku, name, price, in_stock };
        let variants = variants.0.into_iter().map(variant).collect();
        Self { id: ProductId::from(id), slug, name, description, category, for_sale, version, variants }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_names_a_version() {
        assert_eq!(version_of("\"7-2f\""), Some(7));
        for other in ["7-2f", "\"7\"", "*", "W/\"7-2f\"", "\"7-2f\", \"8-2f\"", "\"-7-0\""] {
            assert_eq!(version_of(other), None, "{other}");
        }
    }
}
