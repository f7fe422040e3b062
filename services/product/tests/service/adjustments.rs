use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::{Service, inconsistent, product, send, stock};

async fn service() -> Service {
    Service::with(&[product("assam", "Assam", &[("ASSAM", 500, 10)]), product("sencha", "Sencha", &[("SENCHA", 1, 1)])])
        .await
}

#[tokio::test]
async fn an_adjustment_changes_what_is_available() {
    let service = service().await;
    let answer = service.adjust("ASSAM", "a", &json!({"delta": 5, "reason": "a delivery"})).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body, json!({"sku": "ASSAM", "available": 15, "reserved": 0, "sold": 0}));
    service.adjust("ASSAM", "b", &json!({"delta": -15, "reason": "all broken"})).await;
    assert_eq!(stock(&service.place.pool, "ASSAM").await, [0, 0, 0]);
    assert_eq!(inconsistent(&service.place.pool).await, [""; 0]);
}

#[tokio::test]
async fn an_adjustment_never_takes_more_than_there_is() {
    let service = service().await;
    let answer = service.adjust("ASSAM", "a", &json!({"delta": -11, "reason": "lost"})).await;
    assert_eq!(answer.problem(409, "conflict"), "delta");
    assert_eq!(stock(&service.place.pool, "ASSAM").await, [10, 0, 0]);
    // Nothing happened, so the key is still free.
    let answer = service.adjust("ASSAM", "a", &json!({"delta": -10, "reason": "lost"})).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    service.adjust("NO-SUCH", "b", &json!({"delta": 1, "reason": "found"})).await.problem(404, "not-found");
}

#[tokio::test]
async fn the_same_key_has_its_effect_once() {
    let service = service().await;
    let body = json!({"delta": 5, "reason": "a delivery"});
    let first = service.adjust("ASSAM", "key", &body).await;
    service.adjust("ASSAM", "other key", &body).await.problem(400, "invalid-request");
    service.adjust("ASSAM", "other-key", &body).await;
    let again = service.adjust("ASSAM", "key", &body).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(first.headers.get("idempotent-replayed").is_none());
    assert_eq!(stock(&service.place.pool, "ASSAM").await, [20, 0, 0]);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_user() {
    let service = service().await;
    service.adjust("ASSAM", "key", &json!({"delta": 5, "reason": "a delivery"})).await;
    let other = service.adjust("ASSAM", "key", &json!({"delta": 6, "reason": "a delivery"})).await;
    other.problem(422, "idempotency-key-reused");
    let other = service.adjust("SENCHA", "key", &json!({"delta": 5, "reason": "a delivery"})).await;
    other.problem(422, "idempotency-key-reused");

    let colleague = service.place.token(contracts::UserId::generate(), &[contracts::auth::Scope::Staff]);
    let request = service.request(Method::POST, "/v1/inventory/SENCHA/adjustments").header("authorization", colleague);
    let answer = send(request.header("idempotency-key", "key").json(&json!({"delta": 5, "reason": "found"}))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(stock(&service.place.pool, "SENCHA").await, [6, 0, 0]);
}

#[tokio::test]
async fn the_same_key_many_times_at_once_has_its_effect_once() {
    let service = service().await;
    let body = json!({"delta": 5, "reason": "a delivery"});
    let answers = join_all((0..20).map(|_| service.adjust("ASSAM", "key", &body))).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::CREATED);
    assert!(done.clone().count() >= 1);
    assert!(done.clone().all(|answer| answer.body["available"] == 15));
    assert_eq!(done.filter(|answer| answer.headers.get("idempotent-replayed").is_none()).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::CREATED) {
        answer.problem(409, "idempotency-key-in-use");
    }
    assert_eq!(stock(&service.place.pool, "ASSAM").await, [15, 0, 0]);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let service = service().await;
    let body = json!({"delta": 5, "reason": "a delivery"});
    service.adjust("ASSAM", "key", &body).await;
    let pool = &service.place.pool;
    sqlx::query("update idempotency_keys set created_at = created_at - interval '24 hours'")
        .execute(pool)
        .await
        .unwrap();
    let again = service.adjust("ASSAM", "key", &body).await;
    assert!(again.headers.get("idempotent-replayed").is_none());
    assert_eq!(stock(pool, "ASSAM").await, [20, 0, 0]);
}

#[tokio::test]
async fn a_wrong_body_is_refused_and_changes_nothing() {
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
        let answer = service.adjust("ASSAM", "key", &body).await;
        assert_eq!(answer.problem(400, "invalid-request"), field, "{body}");
    }
    service.adjust("ASSAM", "key", &json!({"reason": "x".repeat(70_000)})).await.problem(413, "payload-too-large");
    let request =
        || service.request(Method::POST, "/v1/inventory/ASSAM/adjustments").header("authorization", &service.staff);
    send(request().json(&json!({"delta": 1, "reason": "r"}))).await.problem(400, "idempotency-key-missing");
    let text = request().header("idempotency-key", "key").header("content-type", "text/plain").body("{}");
    send(text).await.problem(415, "unsupported-media-type");
    let broken = request().header("idempotency-key", "key").header("content-type", "application/json").body("{");
    send(broken).await.problem(400, "invalid-request");
    assert_eq!(stock(&service.place.pool, "ASSAM").await, [10, 0, 0]);
    assert_eq!(service.get("/v1/products/assam").await.body["version"], Value::from(1));
}
