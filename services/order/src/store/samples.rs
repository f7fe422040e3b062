//! Samples of stored items: `samples/<item>.v<version>[+<variant>].json`.
//!
//! A sample is never edited: every later version must read it. A new field is
//! `#[serde(default, skip_serializing_if = "...")]`, and gets a further sample.

use std::{collections::BTreeSet, fs, path::Path};

use contracts::outbox::OutboxItem;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Item,
    carts::CartItem,
    catalogue::{CatalogueItem, OfferItem, ProductItem},
    idempotency::IdempotencyItem,
    orders::OrderItem,
};

/// Reads a stored item and writes it again.
type RoundTrip = fn(Item) -> Result<Item, serde_dynamo::Error>;

/// All kinds of stored items.
const KINDS: [(&str, RoundTrip); 7] = [
    ("cart", round_trip::<CartItem>),
    ("catalogue", round_trip::<CatalogueItem>),
    ("idempotency_key", round_trip::<IdempotencyItem>),
    ("offer", round_trip::<OfferItem>),
    ("order", round_trip::<OrderItem>),
    ("outbox", round_trip::<OutboxItem>),
    ("product", round_trip::<ProductItem>),
];

fn round_trip<T: Serialize + DeserializeOwned>(item: Item) -> Result<Item, serde_dynamo::Error> {
    serde_dynamo::to_item(serde_dynamo::from_item::<_, T>(item)?)
}

/// Returns the name and the content of every sample.
fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let content = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), content)
    };
    files.map(read).collect()
}

fn kind(sample: &str) -> &str {
    sample.split('.').next().unwrap()
}

#[test]
fn stored_items_of_every_version_remain_readable_without_loss() {
    for (name, content) in samples() {
        let (_, round_trip) = KINDS.iter().find(|(kind_name, _)| *kind_name == kind(&name)).expect(&name);
        let stored: Item = serde_dynamo::to_item(content).unwrap();
        let written = round_trip(stored.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(written, stored, "{name}");
    }
}

#[test]
fn attributes_added_by_a_newer_version_are_ignored() {
    for (name, mut content) in samples() {
        let (_, round_trip) = KINDS.iter().find(|(kind_name, _)| *kind_name == kind(&name)).expect(&name);
        let stored: Item = serde_dynamo::to_item(&content).unwrap();
        content["added_later"] = "text".into();
        let written =
            round_trip(serde_dynamo::to_item(content).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(written, stored, "{name}");
    }
}

#[test]
fn every_kind_of_stored_item_has_a_sample() {
    let samples = samples();
    let sampled: BTreeSet<&str> = samples.iter().map(|(name, _)| kind(name)).collect();
    assert_eq!(sampled, KINDS.iter().map(|(kind, _)| *kind).collect());
}

/// The struct of outgoing events belongs to contracts; all others are private to this module's siblings.
#[test]
fn every_struct_of_stored_items_is_a_kind() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let sources = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let is_item = |line: &&str| line.starts_with("pub(super) struct ") && line.ends_with("Item {");
    let items: usize = sources.map(|source| source.lines().filter(is_item).count()).sum();
    assert_eq!(items + 1, KINDS.len());
}
