//! Representation of a product in responses.

use contracts::{Money, ProductId, Sku};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use crate::{
    domain::text::Slug,
    store::products::{ProductRow, VariantRow},
};

/// Product with its variants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(super) struct ProductBody {
    id: ProductId,
    /// Name in URLs. It never changes.
    #[schema(value_type = Slug)]
    slug: String,
    name: String,
    description: String,
    /// Slug of the category.
    #[schema(value_type = Slug)]
    category: String,
    /// False for a product that can no longer be bought.
    for_sale: bool,
    /// Number of changes, from 1.
    #[schema(minimum = 1)]
    version: i64,
    /// Variants, in display order.
    #[schema(min_items = 1, max_items = 50)]
    variants: Vec<VariantBody>,
}

/// SKU of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Variant)]
struct VariantBody {
    sku: Sku,
    /// Name of the variant within its product, such as `500 g`; empty for an only variant.
    name: String,
    /// Price of one piece, taxes included.
    price: Money,
    /// Whether at least one piece can be bought now.
    in_stock: bool,
}

/// Schema of the entity tag of a product.
pub(super) struct ProductETag;

impl PartialSchema for ProductETag {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Entity tag of a product: its version, and the availability of its variants"))
            .pattern(Some(r#"^"[1-9][0-9]{0,17}-[0-9a-f]{1,16}"$"#))
            .into()
    }
}

impl ToSchema for ProductETag {}

impl ProductBody {
    /// Returns the entity tag, which changes with any field: the version, and one bit per variant for its availability.
    pub(super) fn etag(&self) -> String {
        let in_stock = self.variants.iter().fold(0_u64, |bits, variant| bits << 1 | u64::from(variant.in_stock));
        format!("\"{}-{in_stock:x}\"", self.version)
    }
}

/// Returns the version in the ETag of a product. Availability is ignored: it may change while the product is edited.
pub(super) fn version_of(etag: &str) -> Option<u64> {
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
    fn an_etag_contains_a_version() {
        assert_eq!(version_of("\"7-2f\""), Some(7));
        for other in ["7-2f", "\"7\"", "*", "W/\"7-2f\"", "\"7-2f\", \"8-2f\"", "\"-7-0\""] {
            assert_eq!(version_of(other), None, "{other}");
        }
    }
}
