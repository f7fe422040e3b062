//! The catalogue file, its rules, and the changes that an import writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::{Currency, Money, ProductId, Sku};
use serde::Deserialize;

use super::{
    product::{Price, Product, Variant},
    text::{Description, Name, Slug, VariantName},
};

/// Maximum number of variants of a product: ten snapshots of the largest product fit into one batch of SNS (256 KiB),
/// and order stores a snapshot in a single transaction.
pub(crate) const MAX_VARIANTS: usize = 50;

/// Content of a catalogue file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    pub(crate) categories: Vec<Category>,
    pub(crate) products: Vec<FileProduct>,
}

/// Category of products.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    pub(crate) slug: Slug,
    pub(crate) name: Name,
}

/// Product in a catalogue file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileProduct {
    /// Identity of the product in later imports.
    pub(crate) slug: Slug,
    pub(crate) name: Name,
    pub(crate) description: Description,
    /// Slug of a category in the same file.
    pub(crate) category: Slug,
    pub(crate) variants: Vec<FileVariant>,
}

/// SKU in a catalogue file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileVariant {
    /// SKU, which permanently belongs to one product.
    pub(crate) sku: Sku,
    pub(crate) name: VariantName,
    /// Price of one piece, taxes included.
    pub(crate) price: Price,
    /// Initial stock, for new SKUs only. The stock of a known SKU is never overwritten.
    pub(crate) stock: u16,
}

/// Valid catalogue: at least one product, each with at least one variant, all prices in one currency.
#[derive(Debug, Clone)]
pub struct Catalogue {
    pub(crate) currency: Currency,
    pub(crate) categories: Vec<Category>,
    /// Products to create or change.
    pub products: Vec<FileProduct>,
}

impl TryFrom<CatalogueFile> for Catalogue {
    type Error = Vec<String>;

    /// Returns the catalogue, or all errors of the file.
    fn try_from(CatalogueFile { categories, products }: CatalogueFile) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut category_slugs = BTreeSet::new();
        for (n, category) in categories.iter().enumerate() {
            if !category_slugs.insert(&category.slug) {
                errors.push(format!("categories[{n}].slug: {} is not unique", category.slug));
            }
        }
        let prices = products.iter().flat_map(|product| &product.variants).map(|variant| Money::from(variant.price));
        let currency = prices.map(|price| price.currency).next();
        let mut slugs = BTreeSet::new();
        let mut skus = BTreeSet::new();
        for (n, product) in products.iter().enumerate() {
            if !slugs.insert(&product.slug) {
                errors.push(format!("products[{n}].slug: {} is not unique", product.slug));
            }
            if !category_slugs.contains(&product.category) {
                errors.push(format!("products[{n}].category: there is no category {}", product.category));
            }
            if !(1..=MAX_VARIANTS).contains(&product.variants.len()) {
                errors.push(format!("products[{n}].variants: must have 1 to {MAX_VARIANTS} variants"));
            }
            for (m, variant) in product.variants.iter().enumerate() {
                if !skus.insert(&variant.sku) {
                    errors.push(format!("products[{n}].variants[{m}].sku: {} is not unique", variant.sku));
                }
                if currency.is_some_and(|currency| Money::from(variant.price).currency != currency) {
                    errors.push(format!("products[{n}].variants[{m}].price: all prices must have one currency"));
                }
            }
        }
        match currency {
            Some(currency) if errors.is_empty() => Ok(Self { currency, categories, products }),
            Some(_) => Err(errors),
            None => {
                errors.push("products: no product has a variant".to_owned());
                Err(errors)
            }
        }
    }
}

/// Changes that an import writes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) created: Vec<Product>,
    pub(crate) changed: Vec<Product>,
    /// Number of products that are the same as in the file.
    pub(crate) unchanged: usize,
    /// New SKUs with their initial stock.
    pub(crate) stocked: Vec<(Sku, i32)>,
    /// Change of the number of products for sale, by category.
    pub(crate) listed: BTreeMap<Slug, i32>,
}

/// Compares the `present` products (by slug) with those of the file. New products get their id from `new_id`.
///
/// Products and SKUs that the file does not name are left unchanged: a short file never empties a catalogue.
pub(crate) fn changes(
    mut present: HashMap<Slug, Product>,
    wanted: Vec<FileProduct>,
    mut new_id: impl FnMut() -> ProductId,
) -> Changes {
    let mut changes = Changes::default();
    for file in wanted {
        let before = present.remove(&file.slug);
        let known: BTreeSet<_> =
            before.iter().flat_map(|product| &product.variants).map(|variant| variant.sku.clone()).collect();
        let new_skus = file.variants.iter().filter(|variant| !known.contains(&variant.sku));
        changes.stocked.extend(new_skus.map(|variant| (variant.sku.clone(), i32::from(variant.stock))));
        match before {
            None => {
                let product = merged(file, new_id(), None);
                *changes.listed.entry(product.category.clone()).or_default() += 1;
                changes.created.push(product);
            }
            Some(before) => {
                let product = merged(file, before.id, Some(&before)).following(&before);
                if product.version == before.version {
                    changes.unchanged += 1;
                    continue;
                }
                if product.for_sale && product.category != before.category {
                    *changes.listed.entry(product.category.clone()).or_default() += 1;
                    *changes.listed.entry(before.category).or_default() -= 1;
                }
                changes.changed.push(product);
            }
        }
    }
    changes
}

/// Returns the product of the file, followed by the variants that only `before` has.
fn merged(file: FileProduct, id: ProductId, before: Option<&Product>) -> Product {
    let FileProduct { slug, name, description, category, variants } = file;
    let mut variants: Vec<_> = variants
        .into_iter()
        .map(|FileVariant { sku, name, price, stock: _ }| Variant { sku, name: name.into(), price: price.into() })
        .collect();
    for old in before.iter().flat_map(|product| &product.variants) {
        if variants.iter().all(|variant| variant.sku != old.sku) {
            variants.push(old.clone());
        }
    }
    Product {
        id,
        slug,
        name: name.into(),
        description: description.into(),
        category,
        for_sale: before.is_none_or(|product| product.for_sale),
        version: 1,
        variants,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> CatalogueFile {
        serde_json::from_str(text).unwrap()
    }

    fn product(slug: &str, sku: &str, minor: i64) -> String {
        format!(
            r#"{{"slug": "{slug}", "name": "{slug}", "description": "", "category": "tea", "variants":
            [{{"sku": "{sku}", "name": "", "price": {{"minor": {minor}, "currency": "EUR"}}, "stock": 3}}]}}"#
        )
    }

    fn catalogue(products: &[String]) -> CatalogueFile {
        file(&format!(r#"{{"categories": [{{"slug": "tea", "name": "Tea"}}], "products": [{}]}}"#, products.join(",")))
    }

    fn ids() -> impl FnMut() -> ProductId {
        let mut next = 0;
        move || {
            next += 1;
            ProductId::from(uuid::Uuid::from_u128(next))
        }
    }

    fn import(present: &[Product], products: &[String]) -> Changes {
        let present = present.iter().map(|product| (product.slug.clone(), product.clone())).collect();
        changes(present, Catalogue::try_from(catalogue(products)).unwrap().products, ids())
    }

    #[test]
    fn all_errors_of_a_file_are_reported_at_once() {
        let mut wrong = catalogue(&[product("a", "A", 1), product("a", "A", 1)]);
        wrong.products[0].category = Slug::try_from("coffee".to_owned()).unwrap();
        wrong.products[1].variants[0].price = Price::new(1, Currency::USD).unwrap();
        assert_eq!(
            Catalogue::try_from(wrong).unwrap_err(),
            [
                "products[0].category: there is no category coffee",
                "products[1].slug: a is not unique",
                "products[1].variants[0].sku: A is not unique",
                "products[1].variants[0].price: all prices must have one currency",
            ]
        );
    }

    #[test]
    fn a_second_import_changes_nothing() {
        let products = [product("a", "A", 1), product("b", "B", 1)];
        let first = import(&[], &products);
        assert_eq!((first.created.len(), first.stocked.len()), (2, 2));
        let second = import(&first.created, &products);
        assert_eq!((second.created.len(), second.changed.len(), second.unchanged), (0, 0, 2));
        assert!(second.stocked.is_empty() && second.listed.is_empty());
    }

    #[test]
    fn a_new_price_creates_a_version_and_leaves_the_stock_unchanged() {
        let first = import(&[], &[product("a", "A", 100)]);
        let second = import(&first.created, &[product("a", "A", 90)]);
        assert_eq!(second.changed[0].version, 2);
        assert_eq!(second.changed[0].id, first.created[0].id);
        assert!(second.stocked.is_empty());
    }

    #[test]
    fn a_variant_that_the_file_no_longer_names_is_kept() {
        let first = import(&[], &[product("a", "A", 100)]);
        let second = import(&first.created, &[product("a", "A2", 100)]);
        let skus: Vec<_> = second.changed[0].variants.iter().map(|variant| variant.sku.as_str()).collect();
        assert_eq!(skus, ["A2", "A"]);
        assert_eq!(second.stocked, [("A2".parse().unwrap(), 3)]);
    }

    #[test]
    fn an_import_does_not_put_a_product_back_on_sale() {
        let mut before = import(&[], &[product("a", "A", 100)]).created;
        before[0].for_sale = false;
        let second = import(&before, &[product("a", "A", 90)]);
        assert!(!second.changed[0].for_sale);
    }
}
