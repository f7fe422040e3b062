use std::{fs, path::Path};

#[test]
fn the_committed_openapi_document_is_fresh() {
    let fresh = order::http::document().to_pretty_json().unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    #[expect(clippy::disallowed_methods, reason = "asks whether to write the file instead of checking it")]
    if std::env::var("UPDATE_GENERATED").is_ok() {
        fs::write(&file, &fresh).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == fresh, "openapi.json is stale: UPDATE_GENERATED=1 cargo test -p order");
}
