//! Services share no code that does I/O: each has its copy, and the copies are the same to the byte, so that a fix to one
//! cannot miss the others.

use std::{fs, path::Path};

const COPIES: [(&str, &[&str]); 7] = [
    ("src/aws.rs", &["user", "product", "order", "payment", "outbox-relay"]),
    ("src/clock.rs", &["user", "product", "order", "payment", "notification"]),
    ("src/events/sqs.rs", &["product", "order"]),
    ("src/events/sqs.rs", &["payment", "notification"]),
    ("src/jwks.rs", &["product", "order"]),
    ("src/telemetry.rs", &["product", "order"]),
    ("src/telemetry.rs", &["user", "payment", "notification", "outbox-relay"]),
];

#[test]
fn copies_of_plumbing_are_identical() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
    for (file, copies) in COPIES {
        let read = |service: &str| fs::read_to_string(services.join(service).join(file)).expect("a copy");
        let original = read(copies[0]);
        for service in &copies[1..] {
            assert!(read(service) == original, "services/{service}/{file} differs from the copy in {}", copies[0]);
        }
    }
}
