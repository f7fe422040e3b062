//! A generated catalogue of any size, for load. The hand-written one, for people, is `seed/catalogue.json`.
//!
//! The same number of products and the same seed give the same file, byte for byte, on every machine and with every
//! version of every dependency: measurements of two days can be compared.

mod words;

use std::{collections::HashSet, fmt::Write as _, io};

use contracts::{Currency, Money};
use serde::Serialize;

use words::{COLLECTIONS, QUALITIES, RANGES};

/// What `product import` reads.
#[derive(Debug, Serialize)]
pub struct Catalogue {
    categories: Vec<Category>,
    products: Vec<Product>,
}

#[derive(Debug, Serialize)]
struct Category {
    slug: &'static str,
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct Product {
    slug: String,
    name: String,
    description: String,
    category: &'static str,
    variants: Vec<Variant>,
}

#[derive(Debug, Serialize)]
struct Variant {
    sku: String,
    name: &'static str,
    price: Money,
    stock: u32,
}

impl Catalogue {
    /// `count` products. Stock is large, so that load does not sell out by itself.
    pub fn generate(count: usize, seed: u64) -> Self {
        let mut random = SplitMix64(seed);
        let mut slugs = HashSet::with_capacity(count);
        let products = (1..=count).map(|number| Product::generate(number, &mut random, &mut slugs)).collect();
        let categories = RANGES.iter().map(|range| Category { slug: range.slug, name: range.name }).collect();
        Self { categories, products }
    }

    /// Writes the file.
    pub fn write(&self, mut out: impl io::Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

impl Product {
    fn generate(number: usize, random: &mut SplitMix64, slugs: &mut HashSet<String>) -> Self {
        let range = random.pick(RANGES);
        let (collection, material, noun) =
            (random.pick(COLLECTIONS), random.pick(range.materials), random.pick(range.nouns));
        let mut name = format!("{collection} {material} {noun}");
        if !slugs.insert(slug(&name)) {
            let _ = write!(name, " No. {number}");
            slugs.insert(slug(&name));
        }
        let description = format!(
            "A {} of {} from the {collection} collection. {}",
            noun.to_lowercase(),
            material.to_lowercase(),
            random.pick(QUALITIES),
        );
        let (from, to) = range.price;
        let first_price = random.between(from, to);
        let variants = range.variants.iter().zip(1..).map(|(variant, step)| Variant {
            sku: format!("LOAD-{number:06}-{step}"),
            name: variant,
            // Each size up costs a quarter more, and all prices end on 0 or 5.
            price: Money::new(i64::try_from(first_price * (3 + step) / 4 / 5 * 5).unwrap_or(i64::MAX), Currency::EUR),
            stock: u32::try_from(random.between(1_000, 50_000)).unwrap_or(u32::MAX),
        });
        Self { slug: slug(&name), description, category: range.slug, variants: variants.collect(), name }
    }
}

/// Lower-case words joined by hyphens.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Steele, Lea and Flood's generator: six lines that never change, unlike a library's default.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.between(0, from.len() as u64 - 1)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(count: usize, seed: u64) -> String {
        let mut bytes = Vec::new();
        Catalogue::generate(count, seed).write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_catalogue_and_another_seed_another() {
        assert_eq!(text(200, 1), text(200, 1));
        assert_ne!(text(200, 1), text(200, 2));
    }

    #[test]
    fn slugs_and_skus_are_unique_and_valid_in_ten_thousand_products() {
        let catalogue = Catalogue::generate(10_000, 1);
        let slugs: HashSet<_> = catalogue.products.iter().map(|product| &product.slug).collect();
        assert_eq!(slugs.len(), 10_000);
        let variants: Vec<_> = catalogue.products.iter().flat_map(|product| &product.variants).collect();
        let skus: HashSet<contracts::Sku> = variants.iter().map(|variant| variant.sku.parse().unwrap()).collect();
        assert_eq!(skus.len(), variants.len());
        assert!(variants.iter().all(|variant| variant.price.minor > 0 && variant.price.minor % 5 == 0));
    }
}
