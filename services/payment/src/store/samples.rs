//! `samples/` holds stored items as versions of this service wrote them, in JSON. A sample is never edited.

use std::{collections::HashMap, fs, path::Path};

use serde_dynamo::AttributeValue;
use serde_json::Value;

use super::item::PaymentItem;
use crate::domain::Payment;

/// Every sample, with its file name.
fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |file: &Path| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    files.map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), read(&file))).collect()
}

#[test]
fn every_stored_item_is_read_without_loss_also_with_an_attribute_of_a_newer_version() {
    let samples = samples();
    assert!(samples.iter().any(|(name, _)| name == "payment.v1.json"));
    for (name, sample) in samples {
        assert!(name.starts_with("payment.v"), "{name} is not a sample of an item of this table");
        let mut attributes: HashMap<String, AttributeValue> = serde_dynamo::to_item(&sample).unwrap();
        attributes.insert("added_later".to_owned(), AttributeValue::Bool(true));
        let item: PaymentItem = serde_dynamo::from_item(attributes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let payment = Payment::try_from(item).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(PaymentItem::from(&payment)).unwrap(), sample, "{name}");
    }
}
