use axum::http::StatusCode;
use contracts::{Currency, Event, Money, ProductId, event::user::UserDeleted};
use futures::future::join_all;
use serde_json::{Value, json};
use stack::testing::eventually;

use super::harness::{LIMIT, about, euro, product_changed, start, start_with};

fn eur(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "EUR" })
}

#[tokio::test]
async fn lines_of_a_cart_are_added_changed_and_removed() {
    let service = start().await;
    let customer = service.customer();
    service.offer("B", 250).await;
    service.offer("A", 100).await;

    assert_eq!(customer.get("/v1/cart").await.body, json!({ "items": [], "total": null }));
    customer.put_item("B", 1).await;
    let response = customer.put_item("A", 2).await;
    assert_eq!(response.status, StatusCode::OK);
    let item = |sku, quantity, price| {
        json!({
            "sku": sku, "name": "Kettle", "quantity": quantity, "unit_price": eur(price), "available_for_sale": true,
        })
    };
    assert_eq!(response.body, json!({ "items": [item("A", 2, 100), item("B", 1, 250)], "total": eur(450) }));
    assert_eq!(customer.get("/v1/cart").await.body, response.body);

    assert_eq!(customer.put_item("A", 5).await.body["total"], eur(750));
    assert_eq!(customer.delete("/v1/cart/items/B").await.status, StatusCode::NO_CONTENT);
    assert_eq!(customer.delete("/v1/cart/items/B").await.status, StatusCode::NO_CONTENT);
    assert_eq!(customer.get("/v1/cart").await.body["total"], eur(500));
    assert_eq!(customer.delete("/v1/cart").await.status, StatusCode::NO_CONTENT);
    assert_eq!(customer.get("/v1/cart").await.body["items"], json!([]));
}

#[tokio::test]
async fn a_sku_that_is_not_for_sale_or_in_another_currency_is_refused_by_name() {
    let service = start().await;
    let customer = service.customer();
    service.offer("A", 100).await;
    service.handle(product_changed(ProductId::generate(), 1, &[("YEN", Money::new(5, Currency::JPY))])).await;
    customer.put_item("A", 1).await;
    for sku in ["UNKNOWN", "YEN"] {
        let response = customer.put_item(sku, 1).await;
        response.is_problem(422, "unprocessable");
        assert_eq!(response.wrong_fields(), ["sku"]);
        assert!(response.body["errors"][0]["detail"].as_str().unwrap().contains(sku), "{response:?}");
    }
    assert_eq!(customer.get("/v1/cart").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_changed_price_is_shown_once_with_the_previous_one() {
    let service = start().await;
    let (customer, product) = (service.customer(), ProductId::generate());
    service.handle(product_changed(product, 1, &[("A", euro(100))])).await;
    customer.put_item("A", 1).await;
    service.handle(product_changed(product, 2, &[("A", euro(120))])).await;

    let first = customer.get("/v1/cart").await.body;
    assert_eq!(first["items"][0]["unit_price"], eur(120));
    assert_eq!(first["items"][0]["previous_unit_price"], eur(100));
    assert_eq!(first["total"], eur(120));
    let second = customer.get("/v1/cart").await.body;
    assert_eq!(second["items"][0]["unit_price"], eur(120));
    assert_eq!(second["items"][0].get("previous_unit_price"), None);
}

#[tokio::test]
async fn a_line_that_is_no_longer_for_sale_remains_and_is_marked() {
    let service = start().await;
    let (customer, product) = (service.customer(), ProductId::generate());
    service.handle(product_changed(product, 1, &[("A", euro(100)), ("B", euro(200))])).await;
    customer.put_item("A", 1).await;
    customer.put_item("B", 1).await;

    service.handle(product_changed(product, 2, &[("A", euro(100))])).await;
    let cart = customer.get("/v1/cart").await.body;
    assert_eq!(cart["items"][0]["available_for_sale"], true);
    assert_eq!(cart["items"][1]["available_for_sale"], false);
    assert_eq!(customer.put_item("B", 2).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let mut archived = product_changed(product, 3, &[("A", euro(100))]);
    if let Event::ProductChanged(snapshot) = &mut archived.event {
        snapshot.for_sale = false;
    }
    service.handle(archived).await;
    assert_eq!(customer.get("/v1/cart").await.body["items"][0]["available_for_sale"], false);
}

#[tokio::test]
async fn a_cart_has_at_most_50_lines() {
    let service = start().await;
    let customer = service.customer();
    let names: Vec<String> = (0..51).map(|number| format!("S-{number:02}")).collect();
    let variants: Vec<_> = names.iter().map(|name| (name.as_str(), euro(1))).collect();
    service.handle(product_changed(ProductId::generate(), 1, &variants)).await;
    for name in &names[..50] {
        assert_eq!(customer.put_item(name, 1).await.status, StatusCode::OK);
    }
    customer.put_item("S-50", 1).await.is_problem(422, "unprocessable");
    assert_eq!(customer.put_item("S-07", 3).await.status, StatusCode::OK);
    assert_eq!(customer.get("/v1/cart").await.body["total"], eur(52));
}

#[tokio::test]
async fn the_cart_of_a_deleted_account_is_emptied_and_closed() {
    let service = start().await;
    let (leaving, staying) = (service.customer(), service.customer());
    service.offer("A", 100).await;
    leaving.put_item("A", 1).await;
    staying.put_item("A", 1).await;
    let id = contracts::OrderId::generate();
    service.handle(about(id, Event::UserDeleted(UserDeleted { user_id: leaving.user }))).await;
    leaving.get("/v1/cart").await.is_problem(403, "forbidden");
    leaving.put_item("A", 1).await.is_problem(403, "forbidden");
    leaving.delete("/v1/cart").await.is_problem(403, "forbidden");
    leaving.checkout("pm_card_visa").await.is_problem(403, "forbidden");
    assert_eq!(staying.get("/v1/cart").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn forty_changes_of_one_cart_at_once_all_succeed() {
    let service = start().await;
    let customer = service.customer();
    let skus: Vec<String> = (0..40).map(|number| format!("SKU-{number}")).collect();
    for sku in &skus {
        service.offer(sku, 100).await;
    }
    let responses = join_all(skus.iter().map(|sku| customer.put_item(sku, 1))).await;
    assert!(responses.iter().all(|response| response.status == 200), "{responses:#?}");
    assert_eq!(customer.get("/v1/cart").await.expect(200)["items"].as_array().unwrap().len(), 40);
}

#[tokio::test]
async fn a_cart_is_begun_and_emptied_by_one_write_each() {
    let service = start().await;
    let customer = service.customer();
    service.offer("A", 100).await;
    service.offer("B", 100).await;
    let requested = async || (!service.outbox().await.is_empty()).then_some(());
    eventually("the catalogue is requested, which reads the table", LIMIT, requested).await;
    let calls = async || [service.calls("GetItem").await, service.calls("PutItem").await];
    let updates = async || service.calls("UpdateItem").await;

    let (before, updates_before) = (calls().await, updates().await);
    customer.put_item("A", 2).await.expect(200);
    assert_eq!((calls().await, updates().await), (before, updates_before + 1), "one write, no read");
    // The next line: the write that assumes an empty cart is refused, and returns the cart.
    assert_eq!(customer.put_item("B", 1).await.expect(200)["items"].as_array().unwrap().len(), 2);
    let [gets, puts] = before;
    assert_eq!((calls().await, updates().await), ([gets, puts + 1], updates_before + 2));
    customer.delete("/v1/cart").await.expect(204);
    assert_eq!((calls().await, updates().await), ([gets, puts + 1], updates_before + 3));
    assert_eq!(customer.get("/v1/cart").await.body["items"], json!([]));
    customer.put_item("A", 1).await.expect(200);
    assert_eq!(customer.get("/v1/cart").await.body["total"], eur(100));
}

/// M17: the item of a product on television would be read once for each request.
#[tokio::test]
async fn names_and_prices_are_read_once_for_many_carts() {
    let service = start_with(&[("--offer-cache-seconds", "60")]).await;
    service.offer("A", 100).await;
    let customers = [service.customer(), service.customer(), service.customer()];
    for customer in &customers {
        customer.put_item("A", 1).await.expect(200);
        assert_eq!(customer.get("/v1/cart").await.body["total"], eur(100));
    }
    assert_eq!(service.calls("BatchGetItem").await, 1);
}
