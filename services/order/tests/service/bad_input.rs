use contracts::OrderId;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{checkout_body, new_key, shop};

/// A checkout with the value at `pointer` replaced.
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

#[tokio::test]
async fn bad_input_is_refused_by_the_name_of_the_field_and_changes_nothing() {
    let shop = shop().await;
    let customer = shop.customer();
    let (id, payment_id) = shop.awaiting_payment(&customer).await;
    shop.handle(super::harness::declined(id, payment_id)).await;
    customer.put_item("A", 1).await;
    let mut before = shop.items().await;

    let item = "/v1/cart/items/A".to_owned();
    let orders = "/v1/orders".to_owned();
    let payment = format!("/v1/orders/{id}/payment");
    let cancel = format!("/v1/orders/{id}/cancel");
    let long = "x".repeat(300);
    let cases = [
        (Method::PUT, &item, json!({ "quantity": 1, "unit_price": 1 }), "unit_price"),
        (Method::PUT, &item, json!({}), "quantity"),
        (Method::PUT, &item, json!({ "quantity": -1 }), "quantity"),
        (Method::PUT, &item, json!({ "quantity": 0 }), "quantity"),
        (Method::PUT, &item, json!({ "quantity": 100 }), "quantity"),
        (Method::PUT, &item, json!({ "quantity": 1.5 }), "quantity"),
        (Method::PUT, &item, json!({ "quantity": "2" }), "quantity"),
        (Method::PUT, &item, json!({ "quantity": 99_999_999_999_u64 }), "quantity"),
        (Method::POST, &orders, checkout_with("/total", json!(1)), "total"),
        (Method::POST, &orders, checkout_with("/payment_method", json!("4242424242424242")), "payment_method"),
        (Method::POST, &orders, checkout_with("/payment_method", json!(null)), "payment_method"),
        (Method::POST, &orders, checkout_with("/shipping_address", json!("here")), "shipping_address"),
        (Method::POST, &orders, checkout_with("/shipping_address/planet", json!("Mars")), "shipping_address.planet"),
        (Method::POST, &orders, checkout_with("/shipping_address/country", json!("XX")), "shipping_address.country"),
        (Method::POST, &orders, checkout_with("/shipping_address/name", json!(" ")), "shipping_address.name"),
        (Method::POST, &orders, checkout_with("/shipping_address/line2", json!(long)), "shipping_address.line2"),
        (Method::POST, &orders, checkout_without("city"), "shipping_address.city"),
        (Method::POST, &payment, json!({ "payment_method": "visa" }), "payment_method"),
        (Method::POST, &payment, json!({ "payment_method": "pm_x", "amount": 1 }), "amount"),
        (Method::POST, &cancel, json!({ "reason": "changed my mind" }), "reason"),
    ];
    for (method, path, body, field) in cases {
        let answer = customer.send(method, path, Some(&new_key()), Some(&body)).await;
        answer.is_problem(400, "invalid-request");
        assert_eq!(answer.wrong_fields(), [field], "{path} {body}");
    }
    for (query, field) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor"), ("page=2", "page")]
    {
        let answer = customer.get(&format!("/v1/orders?{query}")).await;
        answer.is_problem(400, "invalid-request");
        assert_eq!(answer.wrong_fields(), [field], "{query}");
    }
    let too_large = json!({ "payment_method": "pm_".repeat(30_000) });
    let answer = customer.send(Method::POST, &payment, Some(&new_key()), Some(&too_large)).await;
    answer.is_problem(413, "payload-too-large");
    for path in ["/v1/orders/1", "/v1/orders/usr_00000000000000000000000000000000"] {
        customer.get(path).await.is_problem(404, "not-found");
    }
    customer.put_item("not-a-sku", 1).await.is_problem(404, "not-found");
    customer.cancel(OrderId::generate(), &new_key()).await.is_problem(404, "not-found");

    let mut after = shop.items().await;
    let key =
        |item: &std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>| format!("{:?}", item["pk"]);
    before.sort_by_key(key);
    after.sort_by_key(key);
    assert_eq!(before, after);
}
