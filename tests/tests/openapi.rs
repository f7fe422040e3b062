//! The OpenAPI documents against the running services, with generated requests. No request causes a 5xx, an
//! undocumented status or an undocumented body, and none that is valid by its document is refused for its form.

use std::{path::Path, process::Stdio};

use stack::python::{Packages, Python, target_dir};
use tests::Shop;
use tokio::process::Command;

const SCHEMATHESIS: Packages = Packages {
    what: "schemathesis",
    folder: "shop/schemathesis",
    requirements: include_str!("../schemathesis/schemathesis.txt"),
    oldest: (3, 11),
};

/// Runs schemathesis on the document of `service` at `url`, with `token`. Its report is in the panic message.
async fn check(python: &Python, service: &str, url: &str, token: &str, options: &[&str]) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = python.path().with_file_name("schemathesis");
    let output = Command::new(program)
        .current_dir(target_dir().expect("a target folder"))
        .arg("--config-file")
        .arg(workspace.join("tests/schemathesis/schemathesis.toml"))
        .arg("run")
        .arg(workspace.join(format!("services/{service}/openapi.json")))
        // The account must survive its own tests; DELETE operations have nothing to generate.
        .args(["--url", url, "--header", &format!("authorization: Bearer {token}"), "--exclude-method", "DELETE"])
        .arg("--no-color")
        .args(options)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("schemathesis runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{service}:\n{report}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn every_answer_to_generated_requests_is_documented() {
    let python = Python::with(SCHEMATHESIS, &target_dir().unwrap()).await.unwrap();
    let shop = Shop::start("openapi", &[]).await;
    let staff = shop.staff().await.0;
    let customer = shop.shopper().await;
    let record = shop.record();
    let service = |name: &str| record["urls"]["services"][name].as_str().expect("a URL").to_owned();
    check(&python, "product", &service("product"), &staff.token, &[]).await;
    check(&python, "order", &service("order"), &customer.token, &[]).await;
    // The function is behind API Gateway, whose own refusal of a missing token is no problem document.
    let options = ["--exclude-checks", "content_type_conformance"];
    check(&python, "user", &shop.public_api, &customer.token, &options).await;
}
