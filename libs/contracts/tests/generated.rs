//! The generated documents are committed; a stale one fails here.
//!
//! `UPDATE_GENERATED=1 cargo test -p contracts` writes them anew.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::{collections::BTreeMap, fs, path::Path};

use contracts::event::{EventKind, catalogue};
use serde_json::{Value, json};

/// `document` is what the committed file says.
fn assert_fresh(file: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated").join(file);
    let text = serde_json::to_string_pretty(document).unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "a switch for the developer, not a setting")]
    if std::env::var("UPDATE_GENERATED").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is stale: UPDATE_GENERATED=1 cargo test -p contracts", path.display());
}

#[test]
fn the_schema_of_every_event_is_fresh() {
    for event in catalogue() {
        assert_fresh(&format!("schemas/{}.json", event.kind), event.schema.as_value());
    }
}

#[test]
fn no_schema_is_left_of_an_event_that_is_gone() {
    let kinds: Vec<String> = catalogue().iter().map(|event| format!("{}.json", event.kind)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/schemas");
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(kinds.contains(&name), "{name} describes no event");
    }
}

#[test]
fn the_asyncapi_document_is_fresh() {
    assert_fresh("asyncapi.json", &asyncapi());
}

/// One channel a topic, one message an event type: what AsyncAPI 3.0 calls it.
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
                "description": format!("The SNS topic that {publisher} publishes on. Subscriptions use raw delivery and filter on the message attribute `type`."),
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
            "description": "CloudEvents 1.0 in structured JSON mode. Delivered at least once and in any order: consumers remember `id`, and trust `sequence` (the aggregate's version), not the order of arrival.",
        },
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages },
    })
}
