use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::{ResponseExt, Service, inconsistent, product, send, stock};

async fn service() -> Service {
    Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 10)]), product("sencha", "Sencha", &[("SENCHA", 1, 1)])])
        .await
}

#[tokio::test]
async fn an_adjustment_changes_what_is_available() {
    let service = service().await;
    let response = service.adjust("ASSAM", "a", &json!({"delta": 5, "reason": "a delivery"})).await;
    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(response.body, json!({"sku": "ASSAM", "available": 15, "reserved": 0, "sold": 0}));
    service.adjust("ASSAM", "b", &json!({"delta": -15, "reason": "all broken"})).await;
    assert_eq!(stock(&service.environment.pool, "ASSAM").await, [0, 0, 0]);
    assert_eq!(inconsistent(&service.environment.pool).await, [""; 0]);
}

#[tokio::test]
async fn an_adjustment_never_takes_more_than_is_available() {
    let service = service().await;
    let response = service.adjust("ASSAM", "a", &json!({"delta": -11, "reason": "lost"})).await;
    assert_eq!(response.problem_field(409, "conflict"), "delta");
    assert_eq!(stock(&service.environment.pool, "ASSAM").await, [10, 0, 0]);
    // A rejection is not stored under the key.
    let response = service.adjust("ASSAM", "a", &json!({"delta": -10, "reason": "lost"})).await;
    assert_eq!(response.status, StatusCode::CREATED);
    service.adjust("NO-SUCH", "b", &json!({"delta": 1, "reason": "found"})).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn requests_with_the_same_key_have_one_effect() {
    let service = service().await;
    let body = json!({"delta": 5, "reason": "a delivery"});
    let first = service.adjust("ASSAM", "key", &body).await;
    service.adjust("ASSAM", "other key", &body).await.is_problem(400, "invalid-request");
    service.adjust("ASSAM", "other-key", &body).await;
    let again = service.adjust("ASSAM", "key", &body).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(first.headers.get("idempotent-replayed").is_none());
    assert_eq!(stock(&service.environment.pool, "ASSAM").await, [20, 0, 0]);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_user() {
    let service = service().await;
    service.adjust("ASSAM", "key", &json!({"delta": 5, "reason": "a delivery"})).await;
    let other = service.adjust("ASSAM", "key", &json!({"delta": 6, "reason": "a delivery"})).await;
    other.is_problem(422, "idempotency-key-reused");
    let other = service.adjust("SENCHA", "key", &json!({"delta": 5, "reason": "a delivery"})).await;
    other.is_problem(422, "idempotency-key-reused");

    let colleague = service.environment.token(contracts::UserId::generate(), &[contracts::auth::Scope::Staff]);
    let request = service.request(Method::POST, "/v1/inventory/SENCHA/adjustments").header("authorization", colleague);
    let response = send(request.header("idempotency-key", "key").json(&json!({"delta": 5, "reason": "found"}))).await;
    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(stock(&service.environment.pool, "SENCHA").await, [6, 0, 0]);
}

#[tokio::test]
async fn concurrent_requests_with_the_same_key_have_one_effect() {
    let service = service().await;
    let body = json!({"delta": 5, "reason": "a delivery"});
    let responses = join_all((0..20).map(|_| service.adjust("ASSAM", "key", &body))).await;
    let done = responses.iter().filter(|response| response.status == StatusCode::CREATED);
    assert!(done.clone().count() >= 1);
    assert!(done.clone().all(|response| response.body["available"] == 15));
    assert_eq!(done.filter(|response| response.headers.get("idempotent-replayed").is_none()).count(), 1);
    for response in responses.iter().filter(|response| response.status != StatusCode::CREATED) {
        response.is_problem(409, "idempotency-key-in-use");
    }
    assert_eq!(stock(&service.environment.pool, "ASSAM").await, [15, 0, 0]);
}

#[tokio::test]
async fn a_key_expires_after_24_hours() {
    let service = service().await;
    let body = json!({"delta": 5, "reason": "a delivery"});
    service.adjust("ASSAM", "key", &body).await;
    let pool = &service.environment.pool;
    sqlx::query("update idempotency_keys set created_at = created_at - interval '24 hours'")
        .execute(pool)
        .await
        .unwrap();
    let again = service.adjust("ASSAM", "key", &body).await;
    assert!(again.headers.get("idempotent-replayed").is_none());
    assert_eq!(stock(pool, "ASSAM").await, [20, 0, 0]);
}

#[tokio::test]
async fn an_invalid_adjustment_is_rejected_and_changes_nothing() {
    let service = service().await;
    let long = "x".repeat(201);
    for (body, field) in [
        (json!({"delta": 0, "reason": "r"}), "delta"),
        (json!({"delta": 1.5, "reason": "r"}), "delta"),
        (json!({"delta": "1", "reason": "r"}), "delta"),
        (json!({"delta": 1_000_001, "reason": "r"}), "delta"),
        (json!({"delta": 99_999_999_999_i64, "reason": "r"}), "delta"),
        (json!({"delta": 1}), "reason"),
        (json!({"delta": 1, "reason": " "}), "reason"),
        (json!({"delta": 1, "reason": "\u{0}"}), "reason"),
        (json!({"delta": 1, "reason": long}), "reason"),
        (json!({"delta": 1, "reason": "r", "sold": 1}), "sold"),
    ] {
        let response = service.adjust("ASSAM", "key", &body).await;
        assert_eq!(response.problem_field(400, "invalid-request"), field, "{body}");
    }
    service.adjust("ASSAM", "key", &json!({"reason": "x".repeat(70_000)})).await.is_problem(413, "payload-too-large");
    let request =
        || service.request(Method::POST, "/v1/inventory/ASSAM/adjustments").header("authorization", &service.staff);
    send(request().json(&json!({"delta": 1, "reason": "r"}))).await.is_problem(400, "idempotency-key-missing");
    let text = request().header("idempotency-key", "key").header("content-type", "text/plain").body("{}");
    send(text).await.is_problem(415, "unsupported-media-type");
    let broken = request().header("idempotency-key", "key").header("content-type", "application/json").body("{");
    send(broken).await.is_problem(400, "invalid-request");
    assert_eq!(stock(&service.environment.pool, "ASSAM").await, [10, 0, 0]);
    assert_eq!(service.get("/v1/products/assam").await.body["version"], Value::from(1));
}
