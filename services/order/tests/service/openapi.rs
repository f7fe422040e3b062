#[test]
fn the_committed_openapi_document_is_current() {
    let document = order::http::document().to_pretty_json().unwrap() + "\n";
    stack::testing::committed(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json"), &document);
}
