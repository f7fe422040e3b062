//! `GET /.well-known/…`.

use serde_json::json;
use user::AppState;

use crate::app::{App, Body};

#[tokio::test]
async fn the_discovery_document_leads_to_the_keys() {
    let app = App::start().await;
    let discovery = app.get("/.well-known/openid-configuration").await;
    assert_eq!(discovery.status, 200);
    assert_eq!(discovery.headers["cache-control"], "public, max-age=300");
    assert_eq!(discovery.text("issuer"), app.url);
    assert_eq!(discovery.text("jwks_uri"), format!("{}/.well-known/jwks.json", app.url));
    assert_eq!(discovery.body["id_token_signing_alg_values_supported"], json!(["RS256"]));
}

#[tokio::test]
async fn the_keys_have_the_members_that_api_gateway_requires_and_no_private_ones() {
    let app = App::start().await;
    let jwks = app.get("/.well-known/jwks.json").await;
    assert_eq!(jwks.status, 200);
    assert_eq!(jwks.headers["cache-control"], "public, max-age=300");
    let [key] = jwks.body["keys"].as_array().unwrap().as_slice() else { panic!("{jwks:?}") };
    let key = key.as_object().unwrap();
    assert_eq!(
        (&key["kty"], &key["use"], &key["alg"], &key["e"]),
        (&json!("RSA"), &json!("sig"), &json!("RS256"), &json!("AQAB"))
    );
    assert_eq!(key["n"].as_str().unwrap().len(), 342); // 2,048 bits
    let mut members: Vec<_> = key.keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
}

#[tokio::test]
async fn the_id_of_the_key_is_the_same_after_a_restart() {
    let app = App::start().await;
    let again = AppState::connect(&app.config, &stack::testing::aws().await.sdk_config()).await.unwrap();
    assert_eq!(serde_json::to_value(again.tokens.jwks()).unwrap(), app.get("/.well-known/jwks.json").await.body);
}

#[tokio::test]
async fn a_start_without_table_or_key_fails_and_names_it() {
    let app = App::start().await;
    let aws = stack::testing::aws().await.sdk_config();
    let mut config = app.config.clone();
    config.user_table = "no-such-table".to_owned();
    let error = AppState::connect(&config, &aws).await.unwrap_err();
    assert!(error.to_string().contains("no-such-table"), "{error:#}");

    let mut config = app.config.clone();
    config.token_signing_key_id = "alias/no-such-key".to_owned();
    let error = AppState::connect(&config, &aws).await.unwrap_err();
    assert!(error.to_string().contains("alias/no-such-key"), "{error:#}");
}
