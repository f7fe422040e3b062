use axum::http::StatusCode;
use contracts::{
    Event,
    event::product::{Shortage, StockRejected},
};
use order::domain::{State, Status};
use serde_json::json;

use super::harness::{about, authorized, declined, new_key, shop};

#[tokio::test]
async fn orders_are_listed_newest_first_in_parts() {
    let shop = shop().await;
    let (customer, other) = (shop.customer(), shop.customer());
    shop.offer("A", 100).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        customer.put_item("A", 1).await;
        ids.insert(0, customer.checkout("pm_card_visa").await.body["id"].clone());
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/orders?limit=2".to_owned());
    loop {
        let part = customer.get(&path).await.body;
        let items = part["items"].as_array().unwrap();
        assert!((1..=2).contains(&items.len()));
        listed.extend(items.iter().map(|order| order["id"].clone()));
        match part["next_cursor"].as_str() {
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
    let shop = shop().await;
    let customer = shop.customer();
    let (id, _) = shop.confirmed(&customer).await;
    let order = customer.get(&format!("/v1/orders/{id}")).await.body;
    assert_eq!(order["status"], "confirmed");
    assert_eq!(order["payment"], json!({ "status": "authorized" }));
    let changes: Vec<_> = order["history"].as_array().unwrap().iter().map(|change| &change["cause"]).collect();
    assert_eq!(changes, ["checkout", "stock_reserved", "payment_authorized"]);
}

#[tokio::test]
async fn another_users_order_is_not_there() {
    let shop = shop().await;
    let (customer, other) = (shop.customer(), shop.customer());
    let (id, payment_id) = shop.awaiting_payment(&customer).await;
    shop.handle(declined(id, payment_id)).await;
    let before = shop.order(id).await;
    other.get(&format!("/v1/orders/{id}")).await.is_problem(404, "not-found");
    other.cancel(id, &new_key()).await.is_problem(404, "not-found");
    other.pay(id, &new_key(), "pm_card_visa").await.is_problem(404, "not-found");
    assert_eq!(shop.order(id).await, before);
}

#[tokio::test]
async fn another_card_is_taken_after_a_decline_and_once_per_key() {
    let shop = shop().await;
    let (customer, key) = (shop.customer(), new_key());
    let (id, first) = shop.awaiting_payment(&customer).await;
    customer.pay(id, &key, "pm_card_visa").await.is_problem(409, "conflict");

    shop.handle(declined(id, first)).await;
    let order = customer.get(&format!("/v1/orders/{id}")).await.body;
    assert_eq!(order["payment"], json!({ "status": "declined", "decline_reason": "insufficient_funds" }));
    let answer = customer.pay(id, &key, "pm_card_visa").await;
    assert_eq!((answer.status, &answer.body["payment"]["status"]), (StatusCode::ACCEPTED, &json!("pending")));
    let again = customer.pay(id, &key, "pm_card_visa").await;
    assert!(again.replayed);
    assert_eq!(again.body, answer.body);
    customer.pay(id, &key, "pm_card_mastercard").await.is_problem(422, "idempotency-key-reused");
    customer.pay(id, &new_key(), "pm_card_visa").await.is_problem(409, "conflict");

    let second = shop.order(id).await.attempts[1].payment_id;
    shop.handle(authorized(id, second, 200)).await;
    assert_eq!(shop.order(id).await.state, State::Confirmed);
    assert_eq!(shop.published().await, ["placed", "payment_requested", "payment_requested", "confirmed"]);
}

#[tokio::test]
async fn the_same_card_many_times_at_once_is_one_attempt() {
    let shop = shop().await;
    let (customer, key) = (shop.customer(), new_key());
    let (id, first) = shop.awaiting_payment(&customer).await;
    shop.handle(declined(id, first)).await;
    let answers = futures::future::join_all((0..6).map(|_| customer.pay(id, &key, "pm_card_visa"))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert_eq!(shop.order(id).await.attempts.len(), 2);
}

#[tokio::test]
async fn a_cancellation_undoes_what_was_done_and_can_be_repeated() {
    let shop = shop().await;
    let (customer, key) = (shop.customer(), new_key());
    let (id, payment_id) = shop.confirmed(&customer).await;
    let answer = customer.cancel(id, &key).await;
    assert_eq!((answer.status, &answer.body["status"]), (StatusCode::OK, &json!("cancelled")));
    assert_eq!(answer.body["cancellation_reason"], "requested");
    assert!(customer.cancel(id, &key).await.replayed);

    // Cancelled is what the caller wants, under any key.
    let other_key = customer.cancel(id, &new_key()).await;
    assert_eq!((other_key.status, other_key.replayed, &other_key.body), (StatusCode::OK, false, &answer.body));
    assert_eq!(shop.order(id).await.version, 4);

    let events = shop.events().await;
    let [.., cancelled, void] = &events[..] else { panic!("{events:?}") };
    assert!(matches!(&cancelled.event, Event::OrderCancelled(cancelled) if cancelled.order_id == id));
    assert!(matches!(&void.event, Event::VoidRequested(void) if void.payment_id == payment_id));
    assert_eq!((cancelled.sequence, void.sequence), (4, 4));
}

#[tokio::test]
async fn one_key_cannot_cancel_two_orders() {
    let shop = shop().await;
    let (customer, key) = (shop.customer(), new_key());
    let (first, second) = (shop.placed(&customer).await, shop.placed(&customer).await);
    assert_eq!(customer.cancel(first, &key).await.status, StatusCode::OK);
    customer.cancel(second, &key).await.is_problem(422, "idempotency-key-reused");
    assert_eq!(shop.order(second).await.state.status(), Status::Placed);
}

#[tokio::test]
async fn a_rejected_order_cannot_be_cancelled() {
    let shop = shop().await;
    let customer = shop.customer();
    let id = shop.placed(&customer).await;
    let shortages = vec![Shortage { sku: "A".parse().unwrap(), requested: 2, available: 1 }];
    shop.handle(about(id, Event::StockRejected(StockRejected { order_id: id, shortages }))).await;
    customer.cancel(id, &new_key()).await.is_problem(409, "conflict");
    assert_eq!(customer.get(&format!("/v1/orders/{id}")).await.body["rejection_reason"], "out_of_stock");
}
