//! `cargo measure catalogue`: a generated catalogue of any size, for load. The same number of products gives the same
//! file, so that measurements can be compared.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use contracts::{Currency, Money};
use serde::Deserialize;
use serde_json::{Value, json};

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
    price: (i64, i64),
}

/// Writes a catalogue of `count` products to stdout, in the format of `product import`.
pub fn print(count: u32) -> Result<()> {
    write(count, BufWriter::new(io::stdout().lock()))
}

/// Writes a catalogue of `count` products.
pub fn write(count: u32, mut out: impl Write) -> Result<()> {
    serde_json::to_writer(&mut out, &generate(count)?)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn generate(count: u32) -> Result<Value> {
    let words: Words = serde_json::from_str(include_str!("../words.json"))?;
    let products: Vec<_> = (0..count).map(|number| product(number, &words)).collect();
    let categories = words.categories.iter().map(|one| json!({ "slug": one.slug, "name": one.name }));
    Ok(json!({ "categories": categories.collect::<Vec<_>>(), "products": products }))
}

/// Product by number. Every combination of words occurs before one occurs again, with a number in its name.
fn product(number: u32, words: &Words) -> Value {
    let mut rest = number as usize;
    let category = pick(&words.categories, &mut rest);
    let collection = pick(&words.collections, &mut rest);
    let (noun, material) = (pick(&category.nouns, &mut rest), pick(&category.materials, &mut rest));
    let mut name = format!("{collection} {material} {noun}");
    if rest > 0 {
        name += &format!(" No. {}", rest + 1);
    }
    let quality = pick(&words.qualities, &mut (number as usize));
    let (material, noun) = (material.to_lowercase(), noun.to_lowercase());
    let (lowest, highest) = category.price;
    // Steps by a prime number spread the prices and stocks.
    let first_price = lowest + i64::from(number) * 7_919 % (highest - lowest);
    let variant = |(name, step): (&String, i64)| {
        // Each size costs a quarter more than the one before it, and all prices end in 0 or 5.
        let price = Money::new(first_price * (3 + step) / 4 / 5 * 5, Currency::EUR);
        // Large, so that load does not sell out.
        let stock = 1_000 + i64::from(number) * 6_133 % 49_000;
        json!({ "sku": format!("LOAD-{number:06}-{step}"), "name": name, "price": price, "stock": stock })
    };
    json!({
        "slug": name.replace(' ', "-").replace('.', "").to_ascii_lowercase(),
        "name": name,
        "description": format!("A {noun} of {material} from the {collection} collection. {quality}"),
        "category": category.slug,
        "variants": category.variants.iter().zip(1..).map(variant).collect::<Vec<_>>(),
    })
}

/// Takes a word by the last digit of `rest`, in a number system with a digit for each word, and removes that digit.
fn pick<'a, T>(words: &'a [T], rest: &mut usize) -> &'a T {
    let word = &words[*rest % words.len()];
    *rest /= words.len();
    word
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_large_catalogue_has_unique_slugs_and_skus() {
        let catalogue = generate(20_000).unwrap();
        let products = catalogue["products"].as_array().unwrap();
        let slugs: HashSet<_> = products.iter().map(|product| &product["slug"]).collect();
        assert_eq!(slugs.len(), 20_000);
        let variants: Vec<_> = products.iter().flat_map(|product| product["variants"].as_array().unwrap()).collect();
        let sku = |variant: &&Value| variant["sku"].as_str().unwrap().parse::<contracts::Sku>().unwrap();
        assert_eq!(variants.iter().map(sku).collect::<HashSet<_>>().len(), variants.len());
    }
}
