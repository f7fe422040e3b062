use axum::http::StatusCode;
use contracts::{Event, OrderId};
use futures::future::join_all;
use serde_json::json;

use super::harness::{checkout_body, new_key, shop};

#[tokio::test]
async fn a_checkout_makes_an_order_of_the_cart_and_empties_it() {
    let shop = shop().await;
    let customer = shop.customer();
    shop.offer("A", 100).await;
    shop.offer("B", 250).await;
    customer.put_item("B", 1).await;
    customer.put_item("A", 2).await;

    let answer = customer.checkout("pm_card_visa").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let id = answer.body["id"].as_str().unwrap();
    assert_eq!(answer.location, Some(format!("/v1/orders/{id}")));
    assert_eq!(answer.body["status"], "placed");
    assert_eq!(answer.body["total"], json!({ "minor": 450, "currency": "EUR" }));
    assert_eq!(answer.body["lines"][0]["sku"], "A");
    assert_eq!(answer.body["shipping_address"]["country"], "GB");
    assert!(!answer.body.to_string().contains("pm_card_visa"), "a payment method is never shown");
    assert_eq!(customer.get("/v1/cart").await.body["items"], json!([]));
    assert_eq!(customer.get(&format!("/v1/orders/{id}")).await.body, answer.body);

    let events = shop.events().await;
    let [placed] = &events[..] else { panic!("{events:?}") };
    assert_eq!((placed.subject.as_str(), placed.sequence), (id, 1));
    let Event::OrderPlaced(placed) = &placed.event else { panic!("{placed:?}") };
    let lines: Vec<_> = placed.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
    assert_eq!(lines, [("A", 2), ("B", 1)]);
}

#[tokio::test]
async fn an_order_item_can_be_read_by_an_operator() {
    let shop = shop().await;
    let customer = shop.customer();
    let id = shop.placed(&customer).await;
    let items = shop.items().await;
    let is_order = |item: &&std::collections::HashMap<String, _>| {
        item["pk"] == aws_sdk_dynamodb::types::AttributeValue::S(format!("ORDER#{id}"))
    };
    let order = items.iter().find(is_order).unwrap();
    let text = |name: &str| order[name].as_s().unwrap().as_str();
    assert_eq!(text("status"), "placed");
    assert_eq!(text("user_pk"), format!("USER#{}", customer.user));
    assert_eq!(order["schema"].as_n().unwrap(), "1");
    assert_eq!(order["total"].as_m().unwrap()["minor"].as_n().unwrap(), "200");
    assert_eq!(order["lines"].as_l().unwrap()[0].as_m().unwrap()["sku"].as_s().unwrap(), "A");
    assert!(text("deadline_pk").starts_with("DUE#"));
    let (due_at, status) = text("deadline_sk").split_once('#').unwrap();
    assert_eq!((due_at.len(), status), ("2026-01-01T00:00:00.000Z".len(), "placed"));
}

#[tokio::test]
async fn an_empty_cart_cannot_be_ordered() {
    let shop = shop().await;
    shop.customer().checkout("pm_card_visa").await.is_problem(422, "unprocessable");
    assert_eq!(shop.published().await, [""; 0]);
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_and_makes_no_second_order() {
    let shop = shop().await;
    let (customer, key) = (shop.customer(), new_key());
    shop.offer("A", 100).await;
    customer.put_item("A", 1).await;
    let first = customer.checkout_as(&key, "pm_card_visa").await;
    // Whether the cart is empty, or filled again.
    for _ in 0..2 {
        let again = customer.checkout_as(&key, "pm_card_visa").await;
        assert!(again.replayed && !first.replayed);
        assert_eq!((again.status, &again.body, &again.location), (first.status, &first.body, &first.location));
        customer.put_item("A", 1).await;
    }
    assert_eq!(shop.published().await, ["placed"]);
    assert_eq!(customer.get("/v1/cart").await.body["items"].as_array().unwrap().len(), 1, "the new cart is kept");
}

#[tokio::test]
async fn a_key_is_missing_reused_or_somebody_elses() {
    let shop = shop().await;
    let (customer, other, key) = (shop.customer(), shop.customer(), new_key());
    shop.offer("A", 100).await;
    customer.put_item("A", 1).await;
    other.put_item("A", 1).await;
    let body = checkout_body("pm_card_visa");
    let without = customer.send(reqwest::Method::POST, "/v1/orders", None, Some(&body)).await;
    without.is_problem(400, "idempotency-key-missing");
    let blank = customer.send(reqwest::Method::POST, "/v1/orders", Some("a b"), Some(&body)).await;
    blank.is_problem(400, "invalid-request");
    assert_eq!(blank.wrong_fields(), ["idempotency-key"]);

    assert_eq!(customer.checkout_as(&key, "pm_card_visa").await.status, StatusCode::ACCEPTED);
    customer.checkout_as(&key, "pm_card_mastercard").await.is_problem(422, "idempotency-key-reused");
    customer.put_item("A", 1).await;
    customer.checkout_as(&key, "pm_card_mastercard").await.is_problem(422, "idempotency-key-reused");
    let others = other.checkout_as(&key, "pm_card_visa").await;
    assert!(others.status == StatusCode::ACCEPTED && !others.replayed, "{others:?}");
}

#[tokio::test]
async fn the_same_key_many_times_at_once_makes_one_order() {
    let shop = shop().await;
    let (customer, key) = (shop.customer(), new_key());
    shop.offer("A", 100).await;
    for round in 0..3 {
        customer.put_item("A", 1).await;
        let key = format!("{key}-{round}");
        let answers = join_all((0..8).map(|_| customer.checkout_as(&key, "pm_card_visa"))).await;
        let accepted: Vec<_> = answers.iter().filter(|answer| answer.status == StatusCode::ACCEPTED).collect();
        assert!(accepted.iter().all(|answer| answer.body == accepted[0].body), "{answers:?}");
        assert_eq!(accepted.iter().filter(|answer| !answer.replayed).count(), 1, "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != StatusCode::ACCEPTED) {
            answer.is_problem(409, "idempotency-key-in-use");
        }
        assert_eq!(shop.published().await.len(), round + 1);
    }
}

#[tokio::test]
async fn two_checkouts_of_one_cart_at_once_make_one_order() {
    let shop = shop().await;
    let customer = shop.customer();
    shop.offer("A", 100).await;
    customer.put_item("A", 1).await;
    let answers = join_all((0..4).map(|_| customer.checkout("pm_card_visa"))).await;
    let accepted = answers.iter().filter(|answer| answer.status == StatusCode::ACCEPTED).count();
    assert_eq!(accepted, 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::ACCEPTED) {
        answer.is_problem(422, "unprocessable");
    }
    let list = customer.get("/v1/orders").await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    let id: OrderId = list.body["items"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(shop.order(id).await.version, 1);
}
