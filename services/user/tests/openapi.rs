//! The committed OpenAPI document is the one that the routes make.

use std::{fs, path::Path};

#[test]
fn the_openapi_document_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let fresh = user::http::document().to_pretty_json().unwrap() + "\n";
    if update_generated() {
        fs::write(&path, &fresh).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == fresh, "openapi.json is stale; run UPDATE_GENERATED=1 cargo test -p user");
}

#[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting of the service")]
fn update_generated() -> bool {
    std::env::var("UPDATE_GENERATED").is_ok()
}
