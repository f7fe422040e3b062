//! The catalogue file, its rules, and what an import makes of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::{Currency, Money, ProductId, Sku};
use serde::Deserialize;

use super::{
    product::{Price, Product, Variant},
    text::{Description, Name, Slug, VariantName},
};

/// The most variants of a product. Ten snapshots of the largest product fit into one batch of a topic (256 KiB), and order
/// takes one over in a single transaction of its store.
pub const MAX_VARIANTS: usize = 50;

/// A catalogue as its file tells it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    /// What the products are listed in.
    pub categories: Vec<Category>,
    /// What is sold.
    pub products: Vec<FileProduct>,
}

/// A category.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: Name,
}

/// A product of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileProduct {
    /// What it is recognised by in a later import.
    pub slug: Slug,
    /// Its name for people.
    pub name: Name,
    /// What it is like.
    pub description: Description,
    /// The slug of a category of the same file.
    pub category: Slug,
    /// Everything that can be bought of it.
    pub variants: Vec<FileVariant>,
}

/// A SKU of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileVariant {
    /// What is sold. It belongs to one product for ever.
    pub sku: Sku,
    /// What tells it from its siblings.
    pub name: VariantName,
    /// The price of one piece, taxes included.
    pub price: Price,
    /// How many there are, if the SKU is new. What is known of a SKU's stock is never overwritten.
    pub stock: u16,
}

/// A catalogue that follows the rules.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The currency of all prices.
    pub currency: Currency,
    /// At least one.
    pub categories: Vec<Category>,
    /// At least one.
    pub products: Vec<FileProduct>,
}

impl TryFrom<CatalogueFile> for Catalogue {
    type Error = Vec<String>;

    /// The catalogue, or everything that is wrong with the file.
    fn try_from(CatalogueFile { categories, products }: CatalogueFile) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut category_slugs = BTreeSet::new();
        for (n, category) in categories.iter().enumerate() {
            if !category_slugs.insert(&category.slug) {
                wrong.push(format!("categories[{n}].slug: {} comes twice", category.slug));
            }
        }
        let prices = products.iter().flat_map(|product| &product.variants).map(|variant| Money::from(variant.price));
        let currency = prices.map(|price| price.currency).next();
        let mut slugs = BTreeSet::new();
        let mut skus = BTreeSet::new();
        for (n, product) in products.iter().enumerate() {
            if !slugs.insert(&product.slug) {
                wrong.push(format!("products[{n}].slug: {} comes twice", product.slug));
            }
            if !category_slugs.contains(&product.category) {
                wrong.push(format!("products[{n}].category: there is no category {}", product.category));
            }
            if !(1..=MAX_VARIANTS).contains(&product.variants.len()) {
                wrong.push(format!("products[{n}].variants: there must be 1 to {MAX_VARIANTS}"));
            }
            for (m, variant) in product.variants.iter().enumerate() {
                if !skus.insert(&variant.sku) {
                    wrong.push(format!("products[{n}].variants[{m}].sku: {} comes twice", variant.sku));
                }
                if currency.is_some_and(|currency| Money::from(variant.price).currency != currency) {
                    wrong.push(format!("products[{n}].variants[{m}].price: all prices must have one currency"));
                }
            }
        }
        match currency {
            Some(currency) if wrong.is_empty() => Ok(Self { currency, categories, products }),
            Some(_) => Err(wrong),
            None => {
                wrong.push("products: there is nothing to sell".to_owned());
                Err(wrong)
            }
        }
    }
}

/// What an import has to write.
#[derive(Debug, Default)]
pub struct Changes {
    /// Products that were not there.
    pub created: Vec<Product>,
    /// Products that differ from what was there.
    pub changed: Vec<Product>,
    /// How many are as they were.
    pub unchanged: usize,
    /// The SKUs that were not there, with their first stock.
    pub stocked: Vec<(Sku, i32)>,
    /// How many more (or fewer) products are for sale, by category.
    pub listed: BTreeMap<Slug, i32>,
}

/// What turns `present` products (by slug) into those of the file. New products get their id from `new_id`.
///
/// Products and SKUs that the file does not name stay as they are: a catalogue is never emptied by a short file.
pub fn changes(
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

/// The file's product, with the variants that only `before` has behind the file's own.
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
    fn everything_that_is_wrong_is_told_at_once() {
        let mut wrong = catalogue(&[product("a", "A", 1), product("a", "A", 1)]);
        wrong.products[0].category = Slug::try_from("coffee".to_owned()).unwrap();
        wrong.products[1].variants[0].price = Price::try_from(Money::new(1, Currency::USD)).unwrap();
        assert_eq!(
            Catalogue::try_from(wrong).unwrap_err(),
            [
                "products[0].category: there is no category coffee",
                "products[1].slug: a comes twice",
                "products[1].variants[0].sku: A comes twice",
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
    fn a_new_price_makes_a_version_and_leaves_the_stock_alone() {
        let first = import(&[], &[product("a", "A", 100)]);
        let second = import(&first.created, &[product("a", "A", 90)]);
        assert_eq!(second.changed[0].version, 2);
        assert_eq!(second.changed[0].id, first.created[0].id);
        assert!(second.stocked.is_empty());
    }

    #[test]
    fn a_variant_that_the_file_no_longer_names_stays() {
        let first = import(&[], &[product("a", "A", 100)]);
        let second = import(&first.created, &[product("a", "A2", 100)]);
        let skus: Vec<_> = second.changed[0].variants.iter().map(|variant| variant.sku.as_str()).collect();
        assert_eq!(skus, ["A2", "A"]);
        assert_eq!(second.stocked, [("A2".parse().unwrap(), 3)]);
    }

    #[test]
    fn a_product_that_was_taken_off_sale_stays_so() {
        let mut before = import(&[], &[product("a", "A", 100)]).created;
        before[0].for_sale = false;
        let second = import(&before, &[product("a", "A", 90)]);
        assert!(!second.changed[0].for_sale);
    }
}
