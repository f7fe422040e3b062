//! `infra/topology.json` against the contracts: what is wired is what is published, and what is routed is what is
//! documented.

use std::{collections::BTreeSet, fs, path::Path};

use contracts::event::catalogue;
use serde_json::Value;

fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn every_subscribed_type_is_published_on_that_topic() {
    let published: BTreeSet<_> =
        catalogue().iter().map(|e| (format!("{}-events", e.publisher), e.kind.to_owned())).collect();
    for queue in list(&read("infra/topology.json")["queues"]) {
        for subscription in list(&queue["subscriptions"]) {
            for kind in list(&subscription["types"]) {
                let wanted = (subscription["topic"].as_str().unwrap().to_owned(), kind.as_str().unwrap().to_owned());
                assert!(published.contains(&wanted), "{} waits for {wanted:?} in vain", queue["name"]);
            }
        }
    }
}

#[test]
fn every_event_has_a_subscriber() {
    let topology = read("infra/topology.json");
    let subscriptions = list(&topology["queues"]).iter().flat_map(|queue| list(&queue["subscriptions"]));
    let subscribed: BTreeSet<_> =
        subscriptions.flat_map(|s| list(&s["types"])).map(|kind| kind.as_str().unwrap()).collect();
    for event in catalogue() {
        assert!(subscribed.contains(event.kind), "no queue subscribes to {}", event.kind);
    }
}

#[test]
fn the_routes_are_those_that_the_services_document() {
    let topology = read("infra/topology.json");
    for service in ["user", "product", "order"] {
        let routed: BTreeSet<String> = list(&topology["routes"])
            .iter()
            .filter(|route| route["target"] == service)
            .map(|route| route["route"].as_str().unwrap().to_owned())
            .collect();
        let document = read(&format!("services/{service}/openapi.json"));
        let documented: BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(path, _)| !path.starts_with("/health/"))
            .flat_map(|(path, item)| {
                let methods = item
                    .as_object()
                    .unwrap()
                    .keys()
                    .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()));
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        assert_eq!(routed, documented, "{service}");
    }
}
