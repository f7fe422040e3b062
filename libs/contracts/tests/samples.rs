//! Every published event must remain readable. `samples/` holds one event of each type and form; none is ever edited.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::{collections::BTreeSet, fs, path::Path};

use contracts::{
    Envelope, Event,
    event::{
        catalogue,
        order::{CancellationReason, RejectionReason},
        payment::DeclineReason,
    },
};
use serde_json::Value;

fn samples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_sample_parses_and_round_trips() {
    for (name, text) in samples() {
        let envelope: Envelope = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(envelope.event.kind(), name.split('+').next().unwrap(), "{name}");
        assert_eq!(envelope.source, envelope.event.source(), "{name}");
        let again: Value = serde_json::from_str(&envelope.to_json()).unwrap();
        assert_eq!(again, serde_json::from_str::<Value>(&text).unwrap(), "{name}");
    }
}

#[test]
fn every_event_type_has_a_sample() {
    let sampled: BTreeSet<_> =
        samples().into_iter().map(|(name, _)| name.split('+').next().unwrap().to_owned()).collect();
    for event in catalogue() {
        assert!(sampled.contains(event.kind), "no sample of {}", event.kind);
    }
}

#[test]
fn an_envelope_of_another_version_or_type_is_rejected() {
    let (_, text) = &samples()[0];
    let mut sample: Value = serde_json::from_str(text).unwrap();
    sample["specversion"] = "2.0".into();
    assert!(serde_json::from_value::<Envelope>(sample.clone()).is_err());
    sample["specversion"] = "1.0".into();
    sample["type"] = "shop.unknown.happened.v1".into();
    assert!(serde_json::from_value::<Envelope>(sample).is_err());
}

/// Adds a member to every object in `value`.
fn add_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(add_members);
            members.insert("added_later".to_owned(), "text".into());
        }
        Value::Array(items) => items.iter_mut().for_each(add_members),
        _ => {}
    }
}

#[test]
fn members_added_by_a_newer_publisher_are_ignored() {
    for (name, text) in samples() {
        let mut newer: Value = serde_json::from_str(&text).unwrap();
        add_members(&mut newer);
        let read = serde_json::from_value::<Envelope>(newer).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read, serde_json::from_str(&text).unwrap(), "{name}");
    }
}

#[test]
fn reasons_added_by_a_newer_publisher_are_read_as_unknown() {
    let with_reason = samples().into_iter().filter(|(_, text)| text.contains("\"reason\""));
    let newer = with_reason.map(|(name, text)| {
        let mut newer: Value = serde_json::from_str(&text).unwrap();
        newer["data"]["reason"] = "added_later".into();
        serde_json::from_value::<Envelope>(newer).unwrap_or_else(|error| panic!("{name}: {error}")).event
    });
    let mut kinds = BTreeSet::new();
    for event in newer {
        kinds.insert(event.kind());
        match event {
            Event::OrderRejected(rejected) => assert_eq!(rejected.reason, RejectionReason::Unknown),
            Event::OrderCancelled(cancelled) => assert_eq!(cancelled.reason, CancellationReason::Unknown),
            Event::PaymentDeclined(declined) => assert_eq!(declined.reason, DeclineReason::Unknown),
            other => panic!("{} has a reason that this test does not know", other.kind()),
        }
    }
    assert_eq!(kinds.len(), 3);
}
