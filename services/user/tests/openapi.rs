//! The committed OpenAPI document is the one that the routes generate.

use stack::testing::committed;

#[test]
fn the_openapi_document_is_current() {
    let document = user::http::document().to_pretty_json().unwrap() + "\n";
    committed(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json"), &document);
}
