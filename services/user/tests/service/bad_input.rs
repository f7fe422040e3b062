//! Requests of a wrong form: a problem document that names the field, and nothing changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, PASSWORD};

#[tokio::test]
async fn a_wrong_field_is_named_and_nothing_changes() {
    let app = App::start().await;
    let token = app.new_customer("ann@example.com").await.text("access_token");
    let registration = |field: &str, value: Value| {
        let mut body = json!({ "email": "bob@example.com", "password": PASSWORD, "name": "Bob", "locale": "en" });
        body[field] = value;
        ("POST", "/v1/users", body, field.to_owned())
    };
    let sign_in = |field: &str, value: Value| {
        let mut body = json!({ "grant_type": "password", "email": "ann@example.com", "password": PASSWORD });
        body[field] = value;
        ("POST", "/v1/auth/token", body, field.to_owned())
    };
    let patch = |field: &str, value: Value| ("PATCH", "/v1/users/me", json!({ field: value }), field.to_owned());
    let revoke = |field: &str, value: Value| ("POST", "/v1/auth/revoke", json!({ field: value }), field.to_owned());

    let cases = [
        registration("email", json!("bob")),
        registration("email", json!("bob@example")),
        registration("email", json!(format!("{}@example.com", "b".repeat(250)))),
        registration("email", json!(7)),
        registration("email", Value::Null),
        registration("password", json!("short")),
        registration("password", json!("password123")),
        registration("password", json!("x".repeat(129))),
        registration("password", json!(["correct horse battery"])),
        registration("name", json!("  ")),
        registration("name", json!("x".repeat(101))),
        registration("locale", json!("klingon")),
        registration("scopes", json!(["admin"])),
        registration("id", json!("usr_0")),
        sign_in("email", json!("ann")),
        sign_in("password", json!("x".repeat(129))),
        sign_in("password", json!(12345678)),
        sign_in("grant_type", json!("magic")),
        sign_in("scope", json!("admin")),
        patch("name", json!("")),
        patch("name", Value::Null),
        patch("name", json!({ "first": "Ann" })),
        patch("locale", json!("x")),
        patch("email", json!("eve@example.com")),
        patch("scopes", json!(["admin"])),
        revoke("refresh_token", json!(7)),
        revoke("token", json!("x")),
    ];
    for (method, path, body, field) in cases {
        let request = app.request(method.parse().unwrap(), path).bearer_auth(&token).json(&body);
        let answer = app.send(request).await;
        assert_eq!((answer.status, answer.problem()), (400, "invalid-request"), "{method} {path} {field}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.body["errors"][0]["field"], field, "{method} {path}: {answer:?}");
        assert_eq!(answer.text("trace_id").len(), 32);
    }
    assert_eq!(app.event_kinds().await, ["registered"]);
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let app = App::start().await;
    for field in ["email", "password", "name"] {
        let mut body = json!({ "email": "bob@example.com", "password": PASSWORD, "name": "Bob" });
        body.as_object_mut().unwrap().remove(field);
        let answer = app.post("/v1/users", body).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (400, &json!(field)));
    }
    let answer = app.post("/v1/auth/revoke", json!({})).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (400, &json!("refresh_token")));
}

#[tokio::test]
async fn a_refused_password_is_not_repeated_in_the_answer() {
    let app = App::start().await;
    for password in [json!("zebra77"), json!({ "zebra77": 1 }), json!("zebra77".repeat(30))] {
        let answer =
            app.post("/v1/users", json!({ "email": "bob@example.com", "password": password, "name": "Bob" })).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.body.to_string().contains("zebra77"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_large_is_refused_on_every_route() {
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
            let answer = app.send(request).await;
            assert_eq!((answer.status, answer.problem()), (status, problem), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_problems_too() {
    let app = App::start().await;
    for path in ["/", "/v1", "/v1/users/usr_0", "/v1/users/me/", "/v1/users/../users/me/x", "/.well-known/x"] {
        let answer = app.get(path).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{path}");
    }
    for path in ["/v1/users", "/v1/auth/token", "/v1/auth/revoke"] {
        let answer = app.get(path).await;
        assert_eq!((answer.status, answer.problem()), (405, "method-not-allowed"), "{path}");
    }
    assert_eq!(app.post("/.well-known/jwks.json", json!({})).await.status, 405);
}
