//! Invalid requests: the response names the field, and nothing is stored.

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::OrderId;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{Customer, Service, checkout_body, declined, new_key, start};

/// Returns a checkout with the value at `pointer` replaced.
fn checkout_with(pointer: &str, value: Value) -> Value {
    let mut body = checkout_body("pm_card_visa");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn checkout_without(name: &str) -> Value {
    let mut body = checkout_body("pm_card_visa");
    body["shipping_address"].as_object_mut().unwrap().remove(name);
    body
}

/// Returns all items, sorted by key.
async fn table(service: &Service) -> Vec<std::collections::HashMap<String, AttributeValue>> {
    let mut items = service.items().await;
    items.sort_by_key(|item| format!("{:?}", item["pk"]));
    items
}

/// Asserts that each body is rejected by the name of its invalid field, and that nothing is stored.
async fn assert_rejected(service: &Service, customer: &Customer, method: Method, path: &str, cases: &[(Value, &str)]) {
    let before = table(service).await;
    for (body, field) in cases {
        let response = customer.send(method.clone(), path, Some(&new_key()), Some(body)).await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.wrong_fields(), [*field], "{path} {body}");
    }
    assert_eq!(table(service).await, before);
}

#[tokio::test]
async fn an_invalid_quantity_is_rejected() {
    let service = start().await;
    let customer = service.customer();
    service.offer("A", 100).await;
    customer.put_item("A", 1).await;
    let cases = [
        (json!({ "quantity": 1, "unit_price": 1 }), "unit_price"),
        (json!({}), "quantity"),
        (json!({ "quantity": -1 }), "quantity"),
        (json!({ "quantity": 0 }), "quantity"),
        (json!({ "quantity": 100 }), "quantity"),
        (json!({ "quantity": 1.5 }), "quantity"),
        (json!({ "quantity": "2" }), "quantity"),
        (json!({ "quantity": 99_999_999_999_u64 }), "quantity"),
    ];
    assert_rejected(&service, &customer, Method::PUT, "/v1/cart/items/A", &cases).await;
}

#[tokio::test]
async fn an_invalid_checkout_is_rejected() {
    let service = start().await;
    let customer = service.customer();
    service.offer("A", 100).await;
    customer.put_item("A", 1).await;
    let cases = [
        (checkout_with("/total", json!(1)), "total"),
        (checkout_with("/payment_method", json!("4242424242424242")), "payment_method"),
        (checkout_with("/payment_method", json!(null)), "payment_method"),
        (checkout_with("/shipping_address", json!("here")), "shipping_address"),
        (checkout_with("/shipping_address/planet", json!("Mars")), "shipping_address.planet"),
        (checkout_with("/shipping_address/country", json!("XX")), "shipping_address.country"),
        (checkout_with("/shipping_address/name", json!(" ")), "shipping_address.name"),
        (checkout_with("/shipping_address/line2", json!("x".repeat(300))), "shipping_address.line2"),
        (checkout_without("city"), "shipping_address.city"),
    ];
    assert_rejected(&service, &customer, Method::POST, "/v1/orders", &cases).await;
}

#[tokio::test]
async fn an_invalid_payment_or_cancellation_is_rejected() {
    let service = start().await;
    let customer = service.customer();
    let (id, payment_id) = service.awaiting_payment(&customer).await;
    service.handle(declined(id, payment_id)).await;
    let payments = [
        (json!({ "payment_method": "visa" }), "payment_method"),
        (json!({ "payment_method": "pm_x", "amount": 1 }), "amount"),
    ];
    let path = format!("/v1/orders/{id}/payment");
    assert_rejected(&service, &customer, Method::POST, &path, &payments).await;
    let too_large = json!({ "payment_method": "pm_".repeat(30_000) });
    let response = customer.send(Method::POST, &path, Some(&new_key()), Some(&too_large)).await;
    response.is_problem(413, "payload-too-large");
    let cancellations = [(json!({ "reason": "changed my mind" }), "reason")];
    assert_rejected(&service, &customer, Method::POST, &format!("/v1/orders/{id}/cancel"), &cancellations).await;
}

#[tokio::test]
async fn an_invalid_parameter_of_the_list_is_rejected() {
    let service = start().await;
    let customer = service.customer();
    for (query, field) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor"), ("page=2", "page")]
    {
        let response = customer.get(&format!("/v1/orders?{query}")).await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.wrong_fields(), [field], "{query}");
    }
}

#[tokio::test]
async fn a_path_without_a_valid_id_is_not_found() {
    let service = start().await;
    let customer = service.customer();
    for path in ["/v1/orders/1", "/v1/orders/usr_00000000000000000000000000000000"] {
        customer.get(path).await.is_problem(404, "not-found");
    }
    customer.put_item("not-a-sku", 1).await.is_problem(404, "not-found");
    customer.cancel(OrderId::generate(), &new_key()).await.is_problem(404, "not-found");
}
