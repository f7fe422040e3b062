//! `cargo measure catalogue`: a generated catalogue of any size, for load. The same number of products and the same
//! seed give the same file, with every version of every dependency, so that measurements can be compared.

use std::{
    collections::HashSet,
    io::{self, BufWriter, Write},
};

use anyhow::Result;
use contracts::{Currency, Money};
use serde::Deserialize;
use serde_json::{Value, json};

const WORDS: &str = include_str!("../words.json");

#[derive(Deserialize)]
struct Words {
    categories: Vec<Category>,
    collections: Vec<String>,
    qualities: Vec<String>,
}

#[derive(Deserialize)]
struct Category {
    slug: String,
    name: String,
    nouns: Vec<String>,
    materials: Vec<String>,
    variants: Vec<String>,
    price: (u64, u64),
}

/// Writes a catalogue of `count` products to stdout, in the format of `product import`.
pub fn print(count: u32, seed: u64) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, &generate(count, seed)?)?;
    Ok(writeln!(out)?)
}

fn generate(count: u32, seed: u64) -> Result<Value> {
    let words: Words = serde_json::from_str(WORDS)?;
    let (mut random, mut slugs) = (SplitMix64(seed), HashSet::new());
    let products: Vec<_> = (1..=count).map(|number| product(number, &words, &mut random, &mut slugs)).collect();
    let categories = words.categories.iter().map(|one| json!({ "slug": one.slug, "name": one.name }));
    Ok(json!({ "categories": categories.collect::<Vec<_>>(), "products": products }))
}

fn product(number: u32, words: &Words, random: &mut SplitMix64, slugs: &mut HashSet<String>) -> Value {
    let category = random.pick(&words.categories);
    let collection = random.pick(&words.collections);
    let (material, noun) = (random.pick(&category.materials), random.pick(&category.nouns));
    let mut name = format!("{collection} {material} {noun}");
    if !slugs.insert(slug(&name)) {
        name += &format!(" No. {number}");
        slugs.insert(slug(&name));
    }
    let (material, noun) = (material.to_lowercase(), noun.to_lowercase());
    let quality = random.pick(&words.qualities);
    let first_price = random.between(category.price.0, category.price.1);
    let variant = |(variant, step): (&String, u64)| {
        // Each size costs a quarter more than the one before it, and all prices end in 0 or 5.
        let price = i64::try_from(first_price * (3 + step) / 4 / 5 * 5).unwrap_or(i64::MAX);
        json!({
            "sku": format!("LOAD-{number:06}-{step}"),
            "name": variant,
            "price": Money::new(price, Currency::EUR),
            // Large, so that load does not sell out.
            "stock": random.between(1_000, 50_000),
        })
    };
    let variants: Vec<_> = category.variants.iter().zip(1..).map(variant).collect();
    json!({
        "slug": slug(&name),
        "name": name,
        "description": format!("A {noun} of {material} from the {collection} collection. {quality}"),
        "category": category.slug,
        "variants": variants,
    })
}

/// Lower-case words joined by hyphens.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The generator of Steele, Lea and Flood: unlike a library's default, it never changes.
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

    #[test]
    fn a_seed_gives_one_catalogue_with_unique_slugs_and_skus() {
        let catalogue = generate(3_000, 1).unwrap();
        assert_eq!(catalogue, generate(3_000, 1).unwrap());
        assert_ne!(catalogue, generate(3_000, 2).unwrap());
        let products = catalogue["products"].as_array().unwrap();
        let slugs: HashSet<_> = products.iter().map(|product| &product["slug"]).collect();
        assert_eq!(slugs.len(), 3_000);
        let variants: Vec<_> = products.iter().flat_map(|product| product["variants"].as_array().unwrap()).collect();
        let sku = |variant: &&Value| variant["sku"].as_str().unwrap().parse::<contracts::Sku>().unwrap();
        assert_eq!(variants.iter().map(sku).collect::<HashSet<_>>().len(), variants.len());
    }
}
