use axum::http::StatusCode;
use chrono::TimeDelta;
use contracts::{
    Event, OrderId,
    event::product::{Shortage, StockRejected},
};
use futures::future::join_all;
use order::domain::{MAX_ATTEMPTS, MAX_DECLINES, MAX_UNPAID_ORDERS};
use serde_json::json;
use stack::testing::eventually;

use super::harness::{LIMIT, about, checkout_body, declined, is_replayed, new_key, start, start_with, stock_reserved};

#[tokio::test]
async fn a_checkout_orders_the_cart_and_empties_it() {
    let service = start().await;
    let customer = service.customer();
    service.offer("A", 100).await;
    service.offer("B", 250).await;
    customer.put_item("B", 1).await;
    customer.put_item("A", 2).await;

    let response = customer.checkout("pm_card_visa").await;
    assert_eq!(response.status, StatusCode::ACCEPTED);
    let id = response.body["id"].as_str().unwrap();
    assert_eq!(response.header("location"), Some(format!("/v1/orders/{id}").as_str()));
    assert_eq!(response.body["status"], "placed");
    assert_eq!(response.body["total"], json!({ "minor": 450, "currency": "EUR" }));
    assert_eq!(response.body["lines"][0]["sku"], "A");
    assert_eq!(response.body["shipping_address"]["country"], "DE");
    assert!(!response.body.to_string().contains("pm_card_visa"), "no response contains a payment method");
    assert_eq!(customer.get("/v1/cart").await.body["items"], json!([]));
    assert_eq!(customer.get(&format!("/v1/orders/{id}")).await.body, response.body);

    let events = service.events().await;
    let [placed] = &events[..] else { panic!("{events:?}") };
    assert_eq!((placed.subject.as_str(), placed.sequence), (id, 1));
    let Event::OrderPlaced(placed) = &placed.event else { panic!("{placed:?}") };
    let lines: Vec<_> = placed.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
    assert_eq!(lines, [("A", 2), ("B", 1)]);
}

#[tokio::test]
async fn an_order_item_is_readable_for_an_operator() {
    let service = start().await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    let items = service.items().await;
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
    let service = start().await;
    service.customer().checkout("pm_card_visa").await.is_problem(422, "unprocessable");
    assert_eq!(service.published().await, [""; 0]);
}

#[tokio::test]
async fn a_retry_gets_the_stored_response_and_places_no_second_order() {
    let service = start().await;
    let (customer, key) = (service.customer(), new_key());
    service.offer("A", 100).await;
    customer.put_item("A", 1).await;
    let first = customer.checkout_with_key(&key, "pm_card_visa").await;
    // First with an empty cart, then with a new one.
    for _ in 0..2 {
        let again = customer.checkout_with_key(&key, "pm_card_visa").await;
        assert!(is_replayed(&again) && !is_replayed(&first));
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("location"), first.header("location"));
        customer.put_item("A", 1).await;
    }
    assert_eq!(service.published().await, ["placed"]);
    assert_eq!(customer.get("/v1/cart").await.body["items"].as_array().unwrap().len(), 1, "the new cart remains");
}

#[tokio::test]
async fn a_key_is_required_and_belongs_to_one_request_of_one_user() {
    let service = start().await;
    let (customer, other, key) = (service.customer(), service.customer(), new_key());
    service.offer("A", 100).await;
    customer.put_item("A", 1).await;
    other.put_item("A", 1).await;
    let body = checkout_body("pm_card_visa");
    let without = customer.send(reqwest::Method::POST, "/v1/orders", None, Some(&body)).await;
    without.is_problem(400, "idempotency-key-missing");
    let blank = customer.send(reqwest::Method::POST, "/v1/orders", Some("a b"), Some(&body)).await;
    blank.is_problem(400, "invalid-request");
    assert_eq!(blank.wrong_fields(), ["idempotency-key"]);

    assert_eq!(customer.checkout_with_key(&key, "pm_card_visa").await.status, StatusCode::ACCEPTED);
    customer.checkout_with_key(&key, "pm_card_mastercard").await.is_problem(422, "idempotency-key-reused");
    customer.put_item("A", 1).await;
    customer.checkout_with_key(&key, "pm_card_mastercard").await.is_problem(422, "idempotency-key-reused");
    let others = other.checkout_with_key(&key, "pm_card_visa").await;
    assert!(others.status == StatusCode::ACCEPTED && !is_replayed(&others), "{others:?}");
}

#[tokio::test]
async fn concurrent_requests_with_one_key_place_one_order() {
    let service = start().await;
    let (customer, key) = (service.customer(), new_key());
    service.offer("A", 100).await;
    for round in 0..3 {
        customer.put_item("A", 1).await;
        let key = format!("{key}-{round}");
        let responses = join_all((0..8).map(|_| customer.checkout_with_key(&key, "pm_card_visa"))).await;
        let accepted: Vec<_> = responses.iter().filter(|response| response.status == StatusCode::ACCEPTED).collect();
        assert!(accepted.iter().all(|response| response.body == accepted[0].body), "{responses:?}");
        assert_eq!(accepted.iter().filter(|response| !is_replayed(response)).count(), 1, "{responses:?}");
        for response in responses.iter().filter(|response| response.status != StatusCode::ACCEPTED) {
            response.is_problem(409, "idempotency-key-in-use");
        }
        assert_eq!(service.published().await.len(), round + 1);
    }
}

#[tokio::test]
async fn concurrent_checkouts_of_one_cart_place_one_order() {
    let service = start().await;
    let customer = service.customer();
    service.offer("A", 100).await;
    customer.put_item("A", 1).await;
    let responses = join_all((0..4).map(|_| customer.checkout("pm_card_visa"))).await;
    let accepted = responses.iter().filter(|response| response.status == StatusCode::ACCEPTED).count();
    assert_eq!(accepted, 1, "{responses:?}");
    for response in responses.iter().filter(|response| response.status != StatusCode::ACCEPTED) {
        response.is_problem(422, "unprocessable");
    }
    let list = customer.get("/v1/orders").await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    let id: OrderId = list.body["items"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(service.order(id).await.version, 1);
}

/// H5, M9: unpaid orders would keep a small shop sold out.
#[tokio::test]
async fn a_customer_has_at_most_five_orders_that_wait_for_stock_or_payment() {
    let service = start().await;
    let customer = service.customer();
    let mut ids = Vec::new();
    for _ in 0..MAX_UNPAID_ORDERS {
        ids.push(service.placed(&customer).await);
    }
    customer.put_item("A", 1).await;
    let refused = customer.checkout("pm_card_visa").await;
    refused.is_problem(409, "conflict");
    assert_eq!(customer.get("/v1/cart").await.body["items"][0]["quantity"], 1, "the cart is unchanged");

    customer.cancel(ids[2], &new_key()).await.expect(200);
    customer.checkout("pm_card_visa").await.expect(202);
    customer.put_item("A", 1).await;
    customer.checkout("pm_card_visa").await.is_problem(409, "conflict");
    service.customer().get("/v1/cart").await.expect(200);
}

#[tokio::test]
async fn emptying_the_cart_does_not_reset_the_limit_of_unpaid_orders() {
    let service = start().await;
    let customer = service.customer();
    for _ in 0..MAX_UNPAID_ORDERS {
        service.placed(&customer).await;
    }
    customer.put_item("A", 1).await;
    assert_eq!(customer.delete("/v1/cart").await.status, StatusCode::NO_CONTENT);
    customer.put_item("A", 1).await;
    customer.checkout("pm_card_visa").await.is_problem(409, "conflict");
}

/// H5, M9: a card tester tries stolen cards.
#[tokio::test]
async fn declined_payments_of_a_customer_are_limited_over_all_orders() {
    let service = start().await;
    let customer = service.customer();
    let mut declines = 0;
    while declines < MAX_DECLINES {
        let (id, mut payment_id) = service.awaiting_payment(&customer).await;
        for attempt in 1..=MAX_ATTEMPTS {
            service.handle(declined(id, payment_id)).await;
            declines += 1;
            if attempt < MAX_ATTEMPTS {
                customer.pay(id, &new_key(), "pm_card_visa").await.expect(202);
                payment_id = service.order(id).await.attempts[attempt].payment_id;
            }
        }
        if declines < MAX_DECLINES {
            continue;
        }
        customer.pay(id, &new_key(), "pm_card_visa").await.is_problem(429, "too-many-requests");
    }
    customer.put_item("A", 1).await;
    customer.checkout("pm_card_visa").await.is_problem(429, "too-many-requests");
}

/// M20: out of stock costs the customer a product, not the whole cart.
#[tokio::test]
async fn a_rejected_order_names_the_shortages_and_returns_its_lines_to_the_cart() {
    let service = start().await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    let shortage = Shortage { sku: "A".parse().unwrap(), requested: 2, available: 1 };
    let rejected = StockRejected { order_id: id, shortages: vec![shortage] };
    service.handle(about(id, Event::StockRejected(rejected.clone()))).await;
    let order = customer.get(&format!("/v1/orders/{id}")).await.expect(200);
    assert_eq!(order["shortages"], json!([{ "sku": "A", "requested": 2, "available": 1 }]));
    let cart = customer.get("/v1/cart").await.expect(200);
    assert_eq!((&cart["items"][0]["sku"], &cart["items"][0]["quantity"]), (&json!("A"), &json!(2)));

    // A cart that was filled again in the meantime is left alone.
    let id = service.placed(&customer).await;
    service.offer("B", 50).await;
    customer.put_item("B", 3).await;
    service.handle(about(id, Event::StockRejected(StockRejected { order_id: id, ..rejected }))).await;
    assert_eq!(customer.get("/v1/cart").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

/// M3: a new order would only wait until its deadline.
#[tokio::test]
async fn no_order_is_accepted_while_stock_is_reserved_too_slowly() {
    let service = start_with(&[("--sweep-interval-seconds", "1")]).await;
    let customer = service.customer();
    let waiting = service.placed(&service.customer()).await;
    let waiting = service.copy_as_older(waiting, TimeDelta::seconds(60)).await;
    customer.put_item("A", 1).await;
    let key = new_key();
    let refused = eventually("new orders are refused", LIMIT, async || {
        Some(customer.checkout_with_key(&key, "pm_card_visa").await).filter(|response| response.status == 503)
    })
    .await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    customer.get("/v1/cart").await.expect(200);
    service.handle(stock_reserved(waiting, 100)).await;
    eventually("orders are accepted again", LIMIT, async || {
        (customer.checkout_with_key(&key, "pm_card_visa").await.status == 202).then_some(())
    })
    .await;
}
