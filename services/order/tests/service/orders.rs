use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use contracts::{
    Event,
    event::product::{Shortage, StockRejected},
};
use order::{
    domain::{State, Status},
    events::queue::Outcome,
};
use serde_json::json;

use super::harness::{about, authorized, declined, is_replayed, new_key, start};

#[tokio::test]
async fn orders_are_listed_newest_first_in_pages() {
    let service = start().await;
    let (customer, other) = (service.customer(), service.customer());
    service.offer("A", 100).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        customer.put_item("A", 1).await;
        ids.insert(0, customer.checkout("pm_card_visa").await.body["id"].clone());
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/orders?limit=2".to_owned());
    loop {
        let page = customer.get(&path).await.body;
        let items = page["items"].as_array().unwrap();
        assert!((1..=2).contains(&items.len()));
        listed.extend(items.iter().map(|order| order["id"].clone()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/orders?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(listed, ids);
    assert_eq!(other.get("/v1/orders").await.body, json!({ "items": [], "next_cursor": null }));
    let cursor = ids[0].as_str().unwrap();
    assert_eq!(other.get(&format!("/v1/orders?cursor={cursor}")).await.body["items"], json!([]));
}

#[tokio::test]
async fn an_order_shows_its_history() {
    let service = start().await;
    let customer = service.customer();
    let (id, _) = service.confirmed(&customer).await;
    let order = customer.get(&format!("/v1/orders/{id}")).await.body;
    assert_eq!(order["status"], "confirmed");
    assert_eq!(order["payment"], json!({ "status": "authorized" }));
    let changes: Vec<_> = order["history"].as_array().unwrap().iter().map(|change| &change["cause"]).collect();
    assert_eq!(changes, ["checkout", "stock_reserved", "payment_authorized"]);
}

/// A rolling release: a newer version has written one of the orders.
#[tokio::test]
async fn an_order_of_a_newer_version_is_shown_and_not_changed() {
    let service = start().await;
    let customer = service.customer();
    let (known, _) = service.confirmed(&customer).await;
    for (name, value) in [
        ("status", AttributeValue::S("added_later".to_owned())),
        ("schema", AttributeValue::N("2".to_owned())),
        ("attempts", AttributeValue::M(HashMap::new())),
    ] {
        let (id, payment_id) = service.awaiting_payment(&customer).await;
        service.set_attribute(id, name, value).await;
        let before = service.items().await.len();

        let listed = customer.get("/v1/orders").await.expect(200)["items"].clone();
        assert_eq!((&listed[0]["id"], &listed[0]["status"]), (&json!(id), &json!("unknown")), "{name}");
        assert_eq!(listed[0]["total"]["minor"], 200);
        assert_eq!(listed.as_array().unwrap().last().unwrap()["id"], json!(known));
        let shown = customer.get(&format!("/v1/orders/{id}")).await.expect(200);
        assert_eq!((&shown["status"], &shown["lines"][0]["sku"]), (&json!("unknown"), &json!("A")));
        assert!(shown["shipping_address"].is_object());

        let refused = customer.cancel(id, &new_key()).await;
        assert!(refused.header("retry-after").is_some());
        refused.is_problem(503, "unavailable");
        assert_eq!(service.outcome(authorized(id, payment_id, 200)).await, Outcome::Later);
        assert_eq!(service.items().await.len(), before, "nothing is written");
    }
}

/// A rollback: history that the newer version has added stays no obstacle.
#[tokio::test]
async fn an_order_with_history_of_a_newer_version_is_changed() {
    let service = start().await;
    let customer = service.customer();
    let (id, _) = service.confirmed(&customer).await;
    let entry = [("at", "2026-01-02T03:04:05Z"), ("status", "added_later"), ("cause", "added_later")];
    let entry = entry.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    let history = AttributeValue::L(vec![AttributeValue::M(HashMap::from(entry))]);
    service.set_attribute(id, "history", history).await;
    service.set_attribute(id, "added_later", AttributeValue::Bool(true)).await;

    let cancelled = customer.cancel(id, &new_key()).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["history"][0]["cause"], "unknown");
}

#[tokio::test]
async fn another_users_order_is_not_found() {
    let service = start().await;
    let (customer, other) = (service.customer(), service.customer());
    let (id, payment_id) = service.awaiting_payment(&customer).await;
    service.handle(declined(id, payment_id)).await;
    let before = service.order(id).await;
    other.get(&format!("/v1/orders/{id}")).await.is_problem(404, "not-found");
    other.cancel(id, &new_key()).await.is_problem(404, "not-found");
    other.pay(id, &new_key(), "pm_card_visa").await.is_problem(404, "not-found");
    assert_eq!(service.order(id).await, before);
}

#[tokio::test]
async fn another_card_is_accepted_after_a_decline_once_per_key() {
    let service = start().await;
    let (customer, key) = (service.customer(), new_key());
    let (id, first) = service.awaiting_payment(&customer).await;
    customer.pay(id, &key, "pm_card_visa").await.is_problem(409, "conflict");

    service.handle(declined(id, first)).await;
    let order = customer.get(&format!("/v1/orders/{id}")).await.body;
    assert_eq!(order["payment"], json!({ "status": "declined", "decline_reason": "insufficient_funds" }));
    let response = customer.pay(id, &key, "pm_card_visa").await;
    assert_eq!((response.status, &response.body["payment"]["status"]), (StatusCode::ACCEPTED, &json!("pending")));
    let again = customer.pay(id, &key, "pm_card_visa").await;
    assert!(is_replayed(&again));
    assert_eq!(again.body, response.body);
    customer.pay(id, &key, "pm_card_mastercard").await.is_problem(422, "idempotency-key-reused");
    customer.pay(id, &new_key(), "pm_card_visa").await.is_problem(409, "conflict");

    let second = service.order(id).await.attempts[1].payment_id;
    service.handle(authorized(id, second, 200)).await;
    assert_eq!(service.order(id).await.state, State::Confirmed);
    assert_eq!(service.published().await, ["placed", "payment_requested", "payment_requested", "confirmed"]);
}

#[tokio::test]
async fn concurrent_payments_with_one_key_are_one_attempt() {
    let service = start().await;
    let (customer, key) = (service.customer(), new_key());
    let (id, first) = service.awaiting_payment(&customer).await;
    service.handle(declined(id, first)).await;
    let responses = futures::future::join_all((0..6).map(|_| customer.pay(id, &key, "pm_card_visa"))).await;
    assert!(responses.iter().all(|response| response.status == StatusCode::ACCEPTED), "{responses:?}");
    assert_eq!(responses.iter().filter(|response| !is_replayed(response)).count(), 1);
    assert_eq!(service.order(id).await.attempts.len(), 2);
}

#[tokio::test]
async fn a_cancellation_voids_the_payment_and_can_be_retried() {
    let service = start().await;
    let (customer, key) = (service.customer(), new_key());
    let (id, payment_id) = service.confirmed(&customer).await;
    let response = customer.cancel(id, &key).await;
    assert_eq!((response.status, &response.body["status"]), (StatusCode::OK, &json!("cancelled")));
    assert_eq!(response.body["cancellation_reason"], "requested");
    assert!(is_replayed(&customer.cancel(id, &key).await));

    // With any key, cancelling a cancelled order succeeds.
    let other_key = customer.cancel(id, &new_key()).await;
    assert_eq!((other_key.status, is_replayed(&other_key), &other_key.body), (StatusCode::OK, false, &response.body));
    assert_eq!(service.order(id).await.version, 4);

    let events = service.events().await;
    let [.., cancelled, void] = &events[..] else { panic!("{events:?}") };
    assert!(matches!(&cancelled.event, Event::OrderCancelled(cancelled) if cancelled.order_id == id));
    assert!(matches!(&void.event, Event::VoidRequested(void) if void.payment_id == payment_id));
    assert_eq!((cancelled.sequence, void.sequence), (4, 4));
}

#[tokio::test]
async fn one_key_cannot_cancel_two_orders() {
    let service = start().await;
    let (customer, key) = (service.customer(), new_key());
    let (first, second) = (service.placed(&customer).await, service.placed(&customer).await);
    assert_eq!(customer.cancel(first, &key).await.status, StatusCode::OK);
    customer.cancel(second, &key).await.is_problem(422, "idempotency-key-reused");
    assert_eq!(service.order(second).await.state.status(), Status::Placed);
}

#[tokio::test]
async fn a_rejected_order_cannot_be_cancelled() {
    let service = start().await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    let shortages = vec![Shortage { sku: "A".parse().unwrap(), requested: 2, available: 1 }];
    service.handle(about(id, Event::StockRejected(StockRejected { order_id: id, shortages }))).await;
    customer.cancel(id, &new_key()).await.is_problem(409, "conflict");
    assert_eq!(customer.get(&format!("/v1/orders/{id}")).await.body["rejection_reason"], "out_of_stock");
}
