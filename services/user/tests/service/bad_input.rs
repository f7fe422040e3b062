//! Malformed requests: a problem document names the field, and nothing changes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Body, PASSWORD};

/// Sends `valid` with each of the invalid fields in turn. Each response is a problem that names the field.
async fn each_is_rejected(method: Method, path: &str, valid: Value, invalid: &[(&str, Value)]) {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    for (field, value) in invalid {
        let mut body = valid.clone();
        body[field] = value.clone();
        let response = app.send(app.request(method.clone(), path).bearer_auth(&token).json(&body)).await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.wrong_fields(), [*field], "{response:?}");
        assert_eq!(response.text("trace_id").len(), 32);
    }
    assert_eq!(app.event_kinds().await, ["registered"]);
}

#[tokio::test]
async fn an_invalid_field_of_a_registration_is_named() {
    let valid = json!({ "email": "bob@example.com", "password": PASSWORD, "name": "Bob", "locale": "en" });
    let invalid = [
        ("email", json!("bob")),
        ("email", json!("bob@example")),
        ("email", json!(format!("{}@example.com", "b".repeat(250)))),
        ("email", json!(7)),
        ("email", Value::Null),
        ("password", json!("short")),
        ("password", json!("x".repeat(129))),
        ("password", json!(["correct horse battery"])),
        ("name", json!("  ")),
        ("name", json!("x".repeat(101))),
        ("locale", json!("klingon")),
        ("scopes", json!(["admin"])),
        ("id", json!("usr_0")),
    ];
    each_is_rejected(Method::POST, "/v1/users", valid, &invalid).await;
}

#[tokio::test]
async fn an_invalid_field_of_a_sign_in_is_named() {
    let valid = json!({ "grant_type": "password", "email": "ann@example.com", "password": PASSWORD });
    let invalid = [
        ("email", json!("ann")),
        ("password", json!("x".repeat(129))),
        ("password", json!(12345678)),
        ("grant_type", json!("magic")),
        ("scope", json!("admin")),
    ];
    each_is_rejected(Method::POST, "/v1/auth/token", valid, &invalid).await;
}

#[tokio::test]
async fn an_invalid_field_of_a_profile_is_named() {
    let invalid = [
        ("name", json!("")),
        ("name", Value::Null),
        ("name", json!({ "first": "Ann" })),
        ("locale", json!("x")),
        ("email", json!("eve@example.com")),
        ("scopes", json!(["admin"])),
    ];
    each_is_rejected(Method::PATCH, "/v1/users/me", json!({}), &invalid).await;
}

#[tokio::test]
async fn an_invalid_field_of_a_revocation_is_named() {
    let invalid = [("refresh_token", json!(7)), ("token", json!("x"))];
    each_is_rejected(Method::POST, "/v1/auth/revoke", json!({}), &invalid).await;
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let app = App::start().await;
    for field in ["email", "password", "name"] {
        let mut body = json!({ "email": "bob@example.com", "password": PASSWORD, "name": "Bob" });
        body.as_object_mut().unwrap().remove(field);
        let response = app.post("/v1/users", body).await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.wrong_fields(), [field]);
    }
    let response = app.post("/v1/auth/revoke", json!({})).await;
    response.is_problem(400, "invalid-request");
    assert_eq!(response.wrong_fields(), ["refresh_token"]);
}

#[tokio::test]
async fn a_common_password_cannot_be_registered() {
    let app = App::start().await;
    let registration = json!({ "email": "bob@example.com", "password": "Password123", "name": "Bob" });
    let response = app.post("/v1/users", registration).await;
    response.is_problem(422, "unprocessable");
    assert_eq!(response.wrong_fields(), ["password"]);
    assert!(app.events().await.is_empty());
}

#[tokio::test]
async fn a_rejected_password_is_not_in_the_response() {
    let app = App::start().await;
    for password in [json!("zebra77"), json!({ "zebra77": 1 }), json!("zebra77".repeat(30))] {
        let registration = json!({ "email": "bob@example.com", "password": password, "name": "Bob" });
        let response = app.post("/v1/users", registration).await;
        assert_eq!(response.status, 400);
        assert!(!response.body.to_string().contains("zebra77"), "{response:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_or_too_large_is_rejected_on_every_route() {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    let large = json!({ "name": "x".repeat(70_000) }).to_string();
    for (method, path) in [
        (Method::POST, "/v1/users"),
        (Method::POST, "/v1/auth/token"),
        (Method::POST, "/v1/auth/revoke"),
        (Method::PATCH, "/v1/users/me"),
    ] {
        let request = |content_type: &str, body: &str| {
            app.request(method.clone(), path)
                .bearer_auth(&token)
                .header("content-type", content_type)
                .body(body.to_owned())
        };
        for (request, status, problem) in [
            (request("application/json", "{"), 400, "invalid-request"),
            (request("application/json", ""), 400, "invalid-request"),
            (request("application/json", "7"), 400, "invalid-request"),
            (request("application/json", "{} {}"), 400, "invalid-request"),
            (request("application/x-www-form-urlencoded", "name=Ann"), 415, "unsupported-media-type"),
            (request("application/json", &large), 413, "payload-too-large"),
        ] {
            app.send(request).await.is_problem(status, problem);
        }
    }
}

#[tokio::test]
async fn an_unknown_path_or_method_is_a_problem() {
    let app = App::start().await;
    for path in ["/", "/v1", "/v1/users/usr_0", "/v1/users/me/", "/v1/users/../users/me/x", "/.well-known/x"] {
        app.get(path).await.is_problem(404, "not-found");
    }
    for path in ["/v1/users", "/v1/auth/token", "/v1/auth/revoke"] {
        app.get(path).await.is_problem(405, "method-not-allowed");
    }
    app.post("/.well-known/jwks.json", json!({})).await.is_problem(405, "method-not-allowed");
}
