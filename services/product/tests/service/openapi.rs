use stack::testing::committed;

#[test]
fn the_committed_openapi_document_is_current() {
    let document = product::http::document().to_pretty_json().unwrap();
    committed(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json"), &(document + "\n"));
}

#[test]
fn every_reference_in_the_document_resolves() {
    let document = serde_json::to_value(product::http::document()).unwrap();
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
