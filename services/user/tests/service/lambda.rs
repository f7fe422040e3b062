//! The router with events of API Gateway (HTTP API, payload format 2.0), as in Lambda.

use axum::body::to_bytes;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tower::ServiceExt;
use user::router;

use crate::app::{App, PASSWORD};

async fn invoke(app: &App, event: &Value) -> (u16, Value) {
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let response = router(app.state.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn event(method: &str, path: &str, headers: Value) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "0a1b2c3d",
            "domainName": "0a1b2c3d.execute-api.eu-central-1.amazonaws.com",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": format!("{method} {path}"),
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1_773_342_238_000_i64,
        },
        "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn events_of_api_gateway_are_served_like_http_requests() {
    let app = App::start().await;
    let mut register = event("POST", "/v1/users", json!({ "content-type": "application/json" }));
    register["body"] = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" }).to_string().into();
    assert_eq!(invoke(&app, &register).await, (202, json!({ "status": "accepted" })));

    // API Gateway encodes bodies of some content types in base64.
    let mut sign_in = event("POST", "/v1/auth/token", json!({ "content-type": "application/json; charset=utf-8" }));
    let body = json!({ "grant_type": "password", "email": "ann@example.com", "password": PASSWORD }).to_string();
    sign_in["body"] = STANDARD.encode(body).into();
    sign_in["isBase64Encoded"] = true.into();
    let (status, tokens) = invoke(&app, &sign_in).await;
    assert_eq!(status, 200, "{tokens}");

    // The claims of the authorizer are part of the event, but the service does not rely on them.
    let authorization = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let mut me = event("GET", "/v1/users/me", json!({ "authorization": authorization }));
    me["requestContext"]["authorizer"] = json!({ "jwt": { "claims": { "sub": "usr_0" }, "scopes": ["customer"] } });
    let (status, profile) = invoke(&app, &me).await;
    assert_eq!((status, &profile["email"]), (200, &json!("ann@example.com")));

    me["headers"] = json!({});
    assert_eq!(invoke(&app, &me).await.0, 401);
}

#[tokio::test]
async fn an_unknown_route_is_a_problem_behind_api_gateway_as_well() {
    let app = App::start().await;
    let (status, problem) = invoke(&app, &event("GET", "/v1/nothing", json!({}))).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:shop:problem:not-found")));
}
