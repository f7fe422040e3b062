#[test]
fn the_committed_openapi_document_is_what_the_routes_say() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let current = product::http::document().to_pretty_json().unwrap() + "\n";
    if update_generated() {
        std::fs::write(file, &current).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(committed == current, "openapi.json is stale: run UPDATE_GENERATED=1 cargo test -p product");
}

#[test]
fn every_reference_of_the_document_has_its_target() {
    let document = serde_json::to_value(product::http::document()).unwrap();
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests, not a setting of the service")]
fn update_generated() -> bool {
    std::env::var("UPDATE_GENERATED").is_ok()
}
