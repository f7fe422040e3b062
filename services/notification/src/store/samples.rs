//! `samples/` holds stored items as versions of this service wrote them, in JSON. A sample is never edited.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
};

use contracts::Envelope;
use serde::{Serialize, de::DeserializeOwned};
use serde_dynamo::AttributeValue;
use serde_json::Value;

use super::{contact::ContactItem, message::MessageItem, order_messages::OrderMessagesItem, pending::PendingItem};

/// Reads a sample as the table returns it, and returns the item as this version would write it.
fn read<T: DeserializeOwned + Serialize>(sample: &Value) -> Value {
    let mut attributes: HashMap<String, AttributeValue> = serde_dynamo::to_item(sample).unwrap();
    attributes.insert("added_later".to_owned(), AttributeValue::Bool(true));
    let item: T = serde_dynamo::from_item(attributes).unwrap();
    serde_json::to_value(item).unwrap()
}

#[test]
fn every_stored_item_is_read_without_loss_also_with_an_attribute_of_a_newer_version() {
    let mut kinds = BTreeSet::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut sample: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let kind = name.split('.').next().unwrap().to_owned();
        let written = match kind.as_str() {
            "contact" => read::<ContactItem>(&sample),
            "message" => read::<MessageItem>(&sample),
            "order_messages" => read::<OrderMessagesItem>(&sample),
            "pending" => read::<PendingItem>(&sample),
            _ => panic!("{name} is not a sample of an item of this table"),
        };
        // Written when a message is settled, for operators, and never read.
        for attribute in ["note", "settled_at"] {
            sample.as_object_mut().unwrap().remove(attribute);
        }
        assert_eq!(written, sample, "{name}");
        if let Some(envelope) = sample.get("envelope") {
            assert!(serde_json::from_str::<Envelope>(envelope.as_str().unwrap()).is_ok(), "{name}");
        }
        kinds.insert(kind);
    }
    assert_eq!(Vec::from_iter(kinds), ["contact", "message", "order_messages", "pending"], "each item has a sample");
}
