//! Many customers who order one SKU while something fails, and the invariants afterwards.

use std::time::Duration;

use contracts::Sku;
use futures::{StreamExt, future::join_all, stream};
use reqwest::Method;
use stack::{
    api::{Response, new_key},
    judge::{FINAL, Witness, stock_violations},
    testing::eventually,
};

use crate::{Shop, Shopper, Staff, people::Stock};

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
        FINAL.contains(&status.as_str()).then_some(status)
    })
    .await
}

/// I2 to I5 for these orders of one piece each, of a SKU with `initial` pieces. Returns the number of confirmed orders.
pub async fn assert_money_and_stock_are_right(
    shop: &Shop,
    staff: &Staff,
    sku: &Sku,
    initial: i64,
    orders: &[(&Shopper, String)],
) -> usize {
    for (shopper, id) in orders {
        settled_state(shopper, id).await;
    }
    let witnesses = async || {
        let witnesses = orders.iter().map(async |(shopper, id)| {
            let order = shopper.get(&format!("/v1/orders/{id}")).await.json(200).expect("an order");
            Witness { order, ledger: shop.ledger(id).await, mails: None }
        });
        join_all(witnesses).await
    };
    let (witnesses, violations) = eventually("no effect is missing", RECOVERY, async || {
        let (witnesses, stock) = (witnesses().await, staff.stock(sku).await);
        let mut violations = stock_violations(sku, Stock::of(initial, 0, 0), stock, &witnesses);
        violations.extend(witnesses.iter().flat_map(Witness::violations));
        violations.iter().all(|violation| !violation.is_pending).then_some((witnesses, violations))
    })
    .await;
    assert_eq!(violations, []);
    witnesses.iter().filter(|witness| witness.order.status == "confirmed").count()
}
