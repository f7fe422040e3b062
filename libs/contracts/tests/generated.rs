//! Compares the committed documents with the generated ones.
//!
//! `UPDATE_GENERATED=1 cargo test -p contracts` writes them.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::{collections::BTreeMap, fs, path::Path};

use contracts::event::{EventKind, catalogue};
use serde_json::{Value, json};

/// Compares a committed document with `document`, or writes it.
fn assert_current(file: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated").join(file);
    let text = serde_json::to_string_pretty(document).unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting")]
    if std::env::var("UPDATE_GENERATED").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is stale: run `UPDATE_GENERATED=1 cargo test -p contracts`", path.display());
}

#[test]
fn the_schema_of_every_event_is_current() {
    for event in catalogue() {
        assert_current(&format!("schemas/{}.json", event.kind), event.schema.as_value());
    }
}

#[test]
fn every_schema_belongs_to_an_event() {
    let kinds: Vec<String> = catalogue().iter().map(|event| format!("{}.json", event.kind)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/schemas");
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(kinds.contains(&name), "{name} belongs to no event");
    }
}

#[test]
fn the_asyncapi_document_is_current() {
    assert_current("asyncapi.json", &asyncapi());
}

/// Describes each topic as a channel and each event type as a message of AsyncAPI 3.0.
fn asyncapi() -> Value {
    let mut by_publisher: BTreeMap<&str, Vec<EventKind>> = BTreeMap::new();
    for event in catalogue() {
        by_publisher.entry(event.publisher).or_default().push(event);
    }
    let mut channels = BTreeMap::new();
    let mut operations = BTreeMap::new();
    let mut messages = BTreeMap::new();
    for (publisher, events) in by_publisher {
        let topic = format!("{publisher}-events");
        let references: BTreeMap<_, _> = events
            .iter()
            .map(|event| (event.kind, json!({ "$ref": format!("#/components/messages/{}", event.kind) })))
            .collect();
        channels.insert(
            topic.clone(),
            json!({
                "address": topic,
                "description": format!(
                    "SNS topic of the events of {publisher}. Subscriptions use raw delivery and filter on the message \
                     attribute `type`."
                ),
                "messages": references,
            }),
        );
        operations.insert(
            format!("{publisher}-publishes"),
            json!({ "action": "send", "channel": { "$ref": format!("#/channels/{topic}") } }),
        );
        for event in events {
            let message = json!({
                "name": event.kind,
                "summary": event.summary,
                "contentType": "application/cloudevents+json",
                "payload": { "$ref": format!("./schemas/{}.json", event.kind) },
            });
            messages.insert(event.kind, message);
        }
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Shop: events",
            "version": "1",
            "description": "CloudEvents 1.0 in structured JSON mode. Delivery is at-least-once and unordered: \
                consumers record `id`, and rely on `sequence` (the aggregate's version), not on the order of arrival.",
        },
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages },
    })
}
