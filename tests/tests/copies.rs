//! Services share no code that does I/O: each has its copy, and the copies are the same to the byte, so that a fix to
//! one cannot miss the others.

use std::{collections::BTreeMap, fs, path::Path};

/// Files of plumbing, each with the services whose copy is a variant. All other copies equal one of the variants.
const VARIANTS: [(&str, &[&str]); 8] = [
    // notification's timeouts leave time for SES.
    ("src/aws.rs", &["user", "notification"]),
    ("src/clock.rs", &["user"]),
    ("src/events/queue.rs", &["order"]),
    // A polling loop in services on ECS; the batch of a Lambda function.
    ("src/events/sqs.rs", &["order", "payment"]),
    ("src/jwks.rs", &["order"]),
    ("src/liveness.rs", &["order"]),
    ("src/supervise.rs", &["order"]),
    // With and without the export of spans.
    ("src/telemetry.rs", &["order", "user"]),
];

#[test]
fn copies_of_plumbing_are_identical() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
    for (file, variants) in VARIANTS {
        let folders = fs::read_dir(&services).unwrap().map(|folder| folder.unwrap().file_name().into_string().unwrap());
        let copies: BTreeMap<String, String> = folders
            .filter_map(|name| Some((name.clone(), fs::read_to_string(services.join(name).join(file)).ok()?)))
            .collect();
        assert!(copies.len() > variants.len(), "services/*/{file} has no copies to compare");
        for (service, text) in &copies {
            let is_copy = variants.iter().any(|variant| copies[*variant] == *text);
            assert!(is_copy, "services/{service}/{file} differs from its copies in {variants:?}");
        }
    }
}
