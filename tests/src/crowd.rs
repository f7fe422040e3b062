//! Many customers who order one SKU while something fails, and the invariants afterwards.

use std::time::Duration;

use contracts::Sku;
use futures::{StreamExt, stream};
use reqwest::Method;
use stack::{
    api::{Response, new_key},
    testing::eventually,
};

use crate::{Shop, Shopper, Staff, judge::total, people::Stock};

/// A card that is authorized.
pub const VISA: &str = "pm_card_visa";

/// I1: every acknowledged order is settled within 120 s after the faults stop.
pub const RECOVERY: Duration = Duration::from_secs(120);

/// `size` customers, each with one piece in the cart.
pub async fn crowd(shop: &Shop, sku: &Sku, size: usize) -> Vec<Shopper> {
    let arrivals = stream::iter(0..size).map(async |_| {
        let shopper = shop.shopper().await;
        shopper.put_in_cart(sku, 1).await;
        shopper
    });
    arrivals.buffer_unordered(8).collect().await
}

/// Orders until the shop acknowledges it, always with the same idempotency key, as a client does that retries.
pub async fn persistent_checkout(shopper: &Shopper) -> String {
    let key = new_key();
    eventually("an acknowledged order", RECOVERY, async || {
        let answer = Response::try_to(shopper.checkout(&key, VISA)).await.ok()?;
        match answer.status.as_u16() {
            202 => Some(answer.body["id"].as_str().expect("an id").to_owned()),
            409 | 429 | 500.. => None,
            _ => panic!("repeating this would not help: {answer:#?}"),
        }
    })
    .await
}

/// The terminal or settled state that an order reaches.
pub async fn settled_state(shopper: &Shopper, id: &str) -> String {
    eventually(&format!("order {id} settled"), RECOVERY, async || {
        let answer = Response::try_to(shopper.request(Method::GET, &format!("/v1/orders/{id}"))).await.ok()?;
        let status = answer.body["status"].as_str()?.to_owned();
        ["confirmed", "rejected", "cancelled"].contains(&status.as_str()).then_some(status)
    })
    .await
}

/// I2, I3 and I5 for these orders of one piece each, of a SKU with `initial` pieces.
pub async fn assert_money_and_stock_are_right(
    shop: &Shop,
    staff: &Staff,
    sku: &Sku,
    initial: i64,
    orders: &[(&Shopper, String)],
) -> usize {
    let mut confirmed = 0;
    for (shopper, id) in orders {
        if settled_state(shopper, id).await == "confirmed" {
            confirmed += 1;
            let order = shopper.read_order(id).await;
            assert_eq!(shop.live_authorizations(id).await, [total(&order)], "{id}");
            assert_eq!(shop.ledger(id).await.len(), 1, "one authorization, never two: {id}");
        } else {
            eventually("no authorization is left", RECOVERY, async || {
                shop.live_authorizations(id).await.is_empty().then_some(())
            })
            .await;
        }
    }
    staff.stock_becomes(sku, Stock::of(initial - confirmed, 0, confirmed)).await;
    usize::try_from(confirmed).expect("a count")
}
