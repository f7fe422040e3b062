//! Stored items of every kind and version must remain readable. `samples/` holds them; none is ever edited.

use std::{collections::BTreeSet, fs, path::Path};

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::outbox::OutboxItem;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Item,
    accounts::{AddressItem, ProfileItem},
    attempts::AttemptsItem,
    refresh_tokens::{FamilyItem, RefreshItem},
};
use crate::domain::Account;

/// Reads a sample in the form of DynamoDB, and writes it again.
type RoundTrip = fn(Item) -> serde_dynamo::Result<Item>;

const KINDS: [(&str, RoundTrip); 6] = [
    ("address", round_trip::<AddressItem>),
    ("attempts", round_trip::<AttemptsItem>),
    ("family", round_trip::<FamilyItem>),
    ("outbox", round_trip::<OutboxItem>),
    ("profile", round_trip::<ProfileItem>),
    ("refresh", round_trip::<RefreshItem>),
];

fn round_trip<T: Serialize + DeserializeOwned>(item: Item) -> serde_dynamo::Result<Item> {
    serde_dynamo::to_item(serde_dynamo::from_item::<_, T>(item)?)
}

/// Returns the samples with their kinds: the part of the file name before the version.
fn samples() -> Vec<(String, Item)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let json: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        (name.split('.').next().unwrap().to_owned(), serde_dynamo::to_item(json).unwrap())
    };
    fs::read_dir(folder).unwrap().map(|file| read(&file.unwrap().path())).collect()
}

#[test]
fn every_sample_is_read_and_keeps_every_attribute_that_this_version_knows() {
    for (kind, item) in samples() {
        let (_, round_trip) = KINDS.iter().find(|(name, _)| *name == kind).expect("a known kind");
        let mut newer = item.clone();
        newer.insert("added_later".to_owned(), AttributeValue::Bool(true));
        let written = round_trip(newer).unwrap_or_else(|error| panic!("{kind}: {error}"));
        for (name, value) in &item {
            assert_eq!(written.get(name), Some(value), "{kind}: {name}");
        }
    }
}

#[test]
fn every_item_type_has_a_sample() {
    let sampled: BTreeSet<_> = samples().into_iter().map(|(kind, _)| kind).collect();
    let kinds: BTreeSet<_> = KINDS.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(sampled, kinds);

    let sources = [
        include_str!("mod.rs"),
        include_str!("accounts.rs"),
        include_str!("attempts.rs"),
        include_str!("refresh_tokens.rs"),
    ];
    let structs = sources.iter().flat_map(|source| source.lines()).filter(|line| line.ends_with("Item {"));
    let names = structs.filter_map(|line| line.split_once("struct ")?.1.strip_suffix("Item {"));
    let stored: BTreeSet<_> = names.map(str::to_lowercase).chain(["outbox".to_owned()]).collect();
    assert_eq!(stored, kinds);
}

#[test]
fn a_sampled_profile_is_a_valid_account() {
    for (_, item) in samples().into_iter().filter(|(kind, _)| kind == "profile") {
        let profile: ProfileItem = serde_dynamo::from_item(item).unwrap();
        assert!(Account::try_from(profile).is_ok());
    }
}
