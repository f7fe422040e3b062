use contracts::{OrderId, UserId, auth::Scope};
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{checkout_body, new_key, start, start_with};

/// Returns every route for customers, with a valid request.
fn routes() -> Vec<(Method, String, Option<Value>)> {
    let id = OrderId::generate();
    vec![
        (Method::GET, "/v1/cart".into(), None),
        (Method::DELETE, "/v1/cart".into(), None),
        (Method::PUT, "/v1/cart/items/A".into(), Some(json!({ "quantity": 1 }))),
        (Method::DELETE, "/v1/cart/items/A".into(), None),
        (Method::POST, "/v1/orders".into(), Some(checkout_body("pm_card_visa"))),
        (Method::GET, "/v1/orders".into(), None),
        (Method::GET, format!("/v1/orders/{id}"), None),
        (Method::POST, format!("/v1/orders/{id}/payment"), Some(json!({ "payment_method": "pm_card_visa" }))),
        (Method::POST, format!("/v1/orders/{id}/cancel"), None),
    ]
}

#[tokio::test]
async fn only_customers_with_a_valid_token_are_authorized() {
    let service = start().await;
    let user = UserId::generate();
    let foreign = stack::testing::token_issuer().await;
    let callers = [
        (None, 401, "unauthenticated"),
        (Some("not a token".to_owned()), 401, "unauthenticated"),
        (Some(service.issuer.expired_token(user, &[Scope::Customer])), 401, "unauthenticated"),
        (Some(foreign.token(user, &[Scope::Customer])), 401, "unauthenticated"),
        (Some(service.issuer.token(user, &[])), 403, "forbidden"),
        (Some(service.issuer.token(user, &[Scope::Staff, Scope::Admin])), 403, "forbidden"),
    ];
    for (token, status, kind) in callers {
        let caller = service.caller(token);
        for (method, path, body) in routes() {
            caller.send(method, &path, Some(&new_key()), body.as_ref()).await.is_problem(status, kind);
        }
    }
    let of_customers = |pk: &str| ["USER#", "ORDER#", "IDEMPOTENCY#"].iter().any(|prefix| pk.starts_with(prefix));
    let items = service.items().await;
    assert!(!items.iter().any(|item| of_customers(item["pk"].as_s().unwrap())), "{items:?}");
}

#[tokio::test]
async fn health_needs_no_token_and_unknown_routes_are_not_found() {
    let service = start().await;
    let caller = service.caller(None);
    assert_eq!(caller.get("/health/live").await.status.as_u16(), 200);
    assert_eq!(caller.get("/health/ready").await.status.as_u16(), 200);
    caller.get("/v1/nothing").await.is_problem(404, "not-found");
    caller.delete("/v1/orders").await.is_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn a_service_without_its_table_is_not_ready() {
    let service = start_with(&[("--order-table", "no-such-table")]).await;
    let caller = service.caller(None);
    assert_eq!(caller.get("/health/live").await.status.as_u16(), 200);
    caller.get("/health/ready").await.is_problem(500, "internal");
}

#[tokio::test]
async fn an_idle_service_shuts_down_at_once() {
    let service = start().await;
    let customer = service.customer();
    service.placed(&customer).await;
    tokio::time::timeout(std::time::Duration::from_secs(5), service.end()).await.unwrap().unwrap();
}
