//! Journeys of customers through the public API of a whole shop, each with its own SKU and accounts.
//!
//! They are tests of every way to make a shop: [`journeys!`](crate::journeys) makes a test of each.

use contracts::{Money, ProblemType, money::Currency};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use stack::{
    api::{Response, new_key},
    testing::eventually,
};

use crate::{
    Shop, Shopper, Staff,
    judge::total,
    people::{self, PATIENCE, Stock},
};

const VISA: &str = "pm_card_visa";
const DECLINED: &str = "pm_card_chargeDeclined";
const NO_FUNDS: &str = "pm_card_chargeDeclinedInsufficientFunds";

/// A test of each journey, in the shop that `$shop` returns. Attributes, such as `#[ignore]`, are given to all.
#[macro_export]
macro_rules! journeys {
    ($shop:ident $(, $attribute:meta)*) => {
        $crate::journeys! { @each $shop [$(#[$attribute])*]
            an_order_is_confirmed_and_its_customer_hears_of_it_once
            a_declined_card_can_be_followed_by_another
            an_order_for_more_than_there_is_is_rejected_and_costs_nothing
            a_cancelled_order_gives_its_stock_and_money_back_after_the_authorization
            a_cancelled_order_gives_its_stock_and_money_back_before_the_authorization
            an_order_that_is_declined_can_be_cancelled
            a_customer_never_pays_more_than_the_cart_showed
            the_same_idempotency_key_twice_at_once_is_one_order
            another_users_order_does_not_exist
            what_was_ordered_can_be_listed_page_by_page
        }
    };
    (@each $shop:ident $attributes:tt $($journey:ident)*) => {
        $($crate::journeys! { @one $shop $attributes $journey })*
    };
    (@one $shop:ident [$($attributes:tt)*] $journey:ident) => {
        #[tokio::test]
        $($attributes)*
        async fn $journey() {
            $crate::journeys::$journey($shop().await).await;
        }
    };
}

async fn staffed(shop: &Shop) -> (Shopper, Staff) {
    tokio::join!(shop.shopper(), shop.staff())
}

/// An order is confirmed and its customer hears of it once.
pub async fn an_order_is_confirmed_and_its_customer_hears_of_it_once(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-HAPPY", 5).await;

    let id = ada.order(&tea, 2, VISA).await;
    let order = ada.order_in(&id, &["confirmed"]).await;

    assert_eq!(order["lines"][0]["quantity"], 2);
    assert_eq!(shop.live_authorizations(&id).await, [total(&order)], "exactly one authorization of exactly the total");
    staff.stock_becomes(&tea, Stock::of(3, 0, 2)).await;
    eventually("the confirmation mail", PATIENCE, async || {
        (shop.mails(&ada.email, &id).await.len() == 1).then_some(())
    })
    .await;
    let welcome = shop.mails(&ada.email, "").await.len();
    assert_eq!(welcome, 2, "the welcome mail and the confirmation");
    assert!(ada.get("/v1/cart").await.expect(200)["items"].as_array().unwrap().is_empty(), "the cart became the order");
}

/// A declined card can be followed by another.
pub async fn a_declined_card_can_be_followed_by_another(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-DECLINED", 5).await;

    let id = ada.order(&tea, 1, NO_FUNDS).await;
    let order = ada.order_declined(&id).await;
    assert_eq!(
        (order["status"].as_str(), order["payment"]["decline_reason"].as_str()),
        (Some("awaiting_payment"), Some("insufficient_funds"))
    );
    staff.stock_becomes(&tea, Stock::of(4, 1, 0)).await;

    let path = format!("/v1/orders/{id}/payment");
    ada.post(&path, &json!({ "payment_method": VISA })).await.expect(202);
    let order = ada.order_in(&id, &["confirmed"]).await;
    assert_eq!(shop.live_authorizations(&id).await, [total(&order)]);
    staff.stock_becomes(&tea, Stock::of(4, 0, 1)).await;
    ada.post(&path, &json!({ "payment_method": VISA })).await.expect_problem(ProblemType::Conflict);
}

/// An order for more than there is is rejected and costs nothing.
pub async fn an_order_for_more_than_there_is_is_rejected_and_costs_nothing(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-SCARCE", 3).await;

    let id = ada.order(&tea, 4, VISA).await;
    let order = ada.order_in(&id, &["rejected"]).await;

    assert_eq!(order["rejection_reason"], "out_of_stock");
    assert!(shop.ledger(&id).await.is_empty(), "the processor never heard of it");
    assert_eq!(staff.stock(&tea).await, Stock::of(3, 0, 0));
    eventually("the mail about it", PATIENCE, async || (shop.mails(&ada.email, &id).await.len() == 1).then_some(()))
        .await;
}

/// A cancelled order gives its stock and money back after the authorization.
pub async fn a_cancelled_order_gives_its_stock_and_money_back_after_the_authorization(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-CANCEL-LATE", 5).await;

    let id = ada.order(&tea, 2, VISA).await;
    ada.order_in(&id, &["confirmed"]).await;
    ada.post(&format!("/v1/orders/{id}/cancel"), &json!({})).await.expect(200);
    ada.order_in(&id, &["cancelled"]).await;

    eventually("no authorization is left", PATIENCE, async || {
        shop.live_authorizations(&id).await.is_empty().then_some(())
    })
    .await;
    staff.stock_becomes(&tea, Stock::of(5, 0, 0)).await;
}

/// A cancelled order gives its stock and money back before the authorization.
pub async fn a_cancelled_order_gives_its_stock_and_money_back_before_the_authorization(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-CANCEL-EARLY", 5).await;

    let id = ada.order(&tea, 2, VISA).await;
    ada.post(&format!("/v1/orders/{id}/cancel"), &json!({})).await.expect(200);
    ada.order_in(&id, &["cancelled"]).await;

    staff.stock_becomes(&tea, Stock::of(5, 0, 0)).await;
    eventually("no authorization is left", PATIENCE, async || {
        shop.live_authorizations(&id).await.is_empty().then_some(())
    })
    .await;
}

/// An order that is declined can be cancelled.
pub async fn an_order_that_is_declined_can_be_cancelled(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-CANCEL-DECLINED", 5).await;

    let id = ada.order(&tea, 5, DECLINED).await;
    ada.order_declined(&id).await;
    ada.post(&format!("/v1/orders/{id}/cancel"), &json!({})).await.expect(200);

    staff.stock_becomes(&tea, Stock::of(5, 0, 0)).await;
    assert!(shop.live_authorizations(&id).await.is_empty());
}

/// A customer never pays more than the cart showed.
pub async fn a_customer_never_pays_more_than_the_cart_showed(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-PRICE", 5).await;
    let products = ada.get("/v1/products?q=Price+test+teapot").await.expect(200);
    let product = products["items"][0]["id"].as_str().expect("the product of the SKU");

    ada.put_in_cart(&tea, 1).await;
    let shown = ada.get("/v1/cart").await.expect(200)["total"]["minor"].as_i64().unwrap();
    staff.change_price(product, &tea, Money::new(shown + 100, Currency::EUR)).await;
    let id = ada.checkout_id(VISA).await;
    let order = ada.order_in(&id, &["rejected"]).await;
    assert_eq!(order["rejection_reason"], "price_increased");
    staff.stock_becomes(&tea, Stock::of(5, 0, 0)).await;

    // The new price reaches the carts, and can be paid then.
    let bob = shop.shopper().await;
    eventually("carts know the new price", PATIENCE, async || {
        bob.put_in_cart(&tea, 1).await;
        (bob.get("/v1/cart").await.expect(200)["total"]["minor"] == shown + 100).then_some(())
    })
    .await;
    // A lower price is the customer's luck.
    staff.change_price(product, &tea, Money::new(shown - 100, Currency::EUR)).await;
    let id = bob.checkout_id(VISA).await;
    let order = bob.order_in(&id, &["confirmed"]).await;
    assert_eq!(total(&order), shown - 100);
    assert_eq!(shop.live_authorizations(&id).await, [shown - 100]);
}

/// The same idempotency key twice at once is one order.
pub async fn the_same_idempotency_key_twice_at_once_is_one_order(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-IDEMPOTENT", 5).await;
    ada.put_in_cart(&tea, 1).await;

    let key = new_key();
    let answers = join_all((0..5).map(|_| Response::to(ada.checkout(&key, VISA)))).await;
    let accepted: Vec<&Response> = answers.iter().filter(|answer| answer.status == 202).collect();
    assert!(!accepted.is_empty());
    assert!(accepted.iter().all(|answer| answer.body == accepted[0].body), "one order: {accepted:#?}");
    let in_use = answers.iter().filter(|answer| answer.status == 409);
    assert_eq!(accepted.len() + in_use.count(), 5, "{answers:#?}");

    let replay = Response::to(ada.checkout(&key, VISA)).await;
    assert_eq!(replay.headers["idempotent-replayed"], "true");
    assert_eq!(replay.expect(202), accepted[0].body);
    Response::to(ada.checkout(&key, DECLINED)).await.expect_problem(ProblemType::IdempotencyKeyReused);
    let body = people::checkout_body(VISA);
    Response::to(ada.request(Method::POST, "/v1/orders").json(&body))
        .await
        .expect_problem(ProblemType::IdempotencyKeyMissing);

    let id = accepted[0].body["id"].as_str().unwrap();
    ada.order_in(id, &["confirmed"]).await;
    staff.stock_becomes(&tea, Stock::of(4, 0, 1)).await;
    assert_eq!(ada.get("/v1/orders").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

/// Another users order does not exist.
pub async fn another_users_order_does_not_exist(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-OWNER", 5).await;
    let id = ada.order(&tea, 1, DECLINED).await;
    let before = ada.order_declined(&id).await;

    let mallory = shop.shopper().await;
    mallory.get(&format!("/v1/orders/{id}")).await.expect_problem(ProblemType::NotFound);
    mallory.post(&format!("/v1/orders/{id}/cancel"), &json!({})).await.expect_problem(ProblemType::NotFound);
    let card = json!({ "payment_method": VISA });
    mallory.post(&format!("/v1/orders/{id}/payment"), &card).await.expect_problem(ProblemType::NotFound);
    assert!(mallory.get("/v1/orders").await.expect(200)["items"].as_array().unwrap().is_empty());
    assert_eq!(ada.read_order(&id).await, before, "nothing changed");
}

/// Orders can be listed page by page.
pub async fn what_was_ordered_can_be_listed_page_by_page(shop: &Shop) {
    let (ada, staff) = staffed(shop).await;
    let tea = shop.stocked(&staff, "TEST-PAGES", 5).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(ada.order(&tea, 1, VISA).await);
    }
    ids.reverse();

    let mut listed: Vec<Value> = Vec::new();
    let mut path = "/v1/orders?limit=2".to_owned();
    loop {
        let page = ada.get(&path).await.expect(200);
        listed.extend(page["items"].as_array().unwrap().iter().map(|order| order["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/orders?limit=2&cursor={cursor}");
    }
    assert_eq!(listed, ids, "newest first, each once");
}
