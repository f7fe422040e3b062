//! Faults: a rush on one SKU, duplicates of every event, and processes that die or freeze in the middle of orders.

use std::{collections::BTreeSet, time::Duration};

use contracts::Sku;
use futures::{StreamExt, future::join_all, stream};
use rand::seq::SliceRandom;
use stack::{testing::eventually, topology::Topology};
use tests::{
    Shop, Staff,
    broker::Wiretap,
    crowd::{RECOVERY, VISA, assert_money_and_stock_are_right, crowd, persistent_checkout, settled_state},
    people::Stock,
};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// Time for which a frozen part does not answer.
const FREEZE: Duration = Duration::from_secs(30);

/// One shop for all tests of this file, one test at a time: each breaks something that the others need.
async fn shop() -> (&'static Shop, MutexGuard<'static, ()>) {
    static SHOP: OnceCell<Shop> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    (SHOP.get_or_init(|| Shop::start("faults", &[])).await, turn)
}

/// I4: at every moment that is looked at while `work` goes on, no piece is missing or counted twice.
async fn never_oversold<T>(staff: &Staff, sku: &Sku, pieces: i64, work: impl Future<Output = T>) -> T {
    let watch = async {
        let mut moments = tokio::time::interval(Duration::from_millis(100));
        loop {
            moments.tick().await;
            let stock = staff.stock(sku).await;
            let Stock { available, reserved, sold } = stock;
            assert!(available >= 0 && reserved >= 0 && sold >= 0 && available + reserved + sold == pieces, "{stock:?}");
        }
    };
    tokio::select! {
        result = work => result,
        () = watch => unreachable!("the watch goes on until the work is done"),
    }
}

#[tokio::test]
async fn two_hundred_checkouts_of_fifty_pieces_sell_exactly_fifty() {
    let (shop, _turn) = shop().await;
    let staff = shop.staff().await;
    let sku = shop.stocked(&staff, "TEST-HOT", 50).await;
    let crowd = crowd(shop, &sku, 200).await;

    let rush = async {
        let ids = join_all(crowd.iter().map(persistent_checkout)).await;
        let orders: Vec<_> = crowd.iter().zip(ids).collect();
        (assert_money_and_stock_are_right(shop, &staff, &sku, 50, &orders).await, orders)
    };
    let (confirmed, orders) = never_oversold(&staff, &sku, 50, rush).await;

    assert_eq!(confirmed, 50);
    for (shopper, id) in &orders {
        assert_ne!(settled_state(shopper, id).await, "cancelled", "there was time enough for each: {id}");
    }
    assert_eq!(staff.stock(&sku).await, Stock::of(0, 0, 50));
}

#[tokio::test]
async fn every_event_delivered_ten_times_in_any_order_changes_nothing() {
    let (shop, _turn) = shop().await;
    let wiretap = Wiretap::new(shop).await;
    let (ada, staff) = tokio::join!(shop.shopper(), shop.staff());
    let sku = shop.stocked(&staff, "TEST-DUPLICATES", 10).await;

    let confirmed = ada.order(&sku, 2, VISA).await;
    ada.order_in(&confirmed, &["confirmed"]).await;
    let cancelled = ada.order(&sku, 3, VISA).await;
    ada.order_in(&cancelled, &["confirmed"]).await;
    ada.post(&format!("/v1/orders/{cancelled}/cancel"), &serde_json::json!({})).await.expect(200);
    let rejected = ada.order(&sku, 99, VISA).await;
    ada.order_in(&rejected, &["rejected"]).await;
    eventually("no authorization is left", RECOVERY, async || {
        shop.live_authorizations(&cancelled).await.is_empty().then_some(())
    })
    .await;
    let rest = Stock::of(8, 0, 2);
    staff.stock_becomes(&sku, rest).await;
    eventually("a mail for each", RECOVERY, async || (shop.mails(&ada.email, "").await.len() == 5).then_some(())).await;
    drained(&wiretap).await;
    let snapshot = async || {
        let orders = join_all(
            [&confirmed, &cancelled, &rejected].map(async |id| (ada.read_order(id).await, shop.ledger(id).await.len())),
        )
        .await;
        (orders, staff.stock(&sku).await, shop.mails(&ada.email, "").await.len())
    };
    let before = snapshot().await;

    let heard = wiretap.heard().await;
    let kinds: BTreeSet<_> = heard.iter().map(|envelope| envelope.event.kind()).collect();
    assert!(kinds.len() >= 11, "{kinds:?}");
    let mut deliveries: Vec<_> = std::iter::repeat_n(&heard, 10).flatten().collect();
    deliveries.shuffle(&mut rand::rng());
    stream::iter(deliveries).for_each_concurrent(8, |envelope| wiretap.deliver_again(envelope)).await;
    drained(&wiretap).await;

    assert_eq!(snapshot().await, before);
    let echoes = wiretap.heard().await.into_iter().filter(|echo| !heard.iter().any(|envelope| envelope.id == echo.id));
    assert_eq!(echoes.count(), 0, "a duplicate causes no new event");
}

async fn drained(wiretap: &Wiretap) {
    let queues = Topology::load().unwrap().queues.into_iter().filter(|queue| !queue.subscriptions.is_empty());
    let queues: Vec<_> = queues.map(|queue| queue.name).collect();
    eventually("the queues are empty", RECOVERY, async || {
        let depths = join_all(queues.iter().map(|queue| wiretap.depth(queue))).await;
        (depths.iter().sum::<i64>() == 0).then_some(())
    })
    .await;
}

/// Fifty orders, and `fault` in the middle of them: each acknowledged order is settled, and money and stock are right.
async fn fifty_orders_survive(sku: &str, fault: impl AsyncFn(&Shop)) {
    let (shop, _turn) = shop().await;
    let staff = shop.staff().await;
    let sku = shop.stocked(&staff, sku, 60).await;
    let crowd = crowd(shop, &sku, 50).await;

    let orders = join_all(crowd.iter().map(persistent_checkout));
    let failing = async {
        eventually("the first orders are on their way", RECOVERY, async || {
            (staff.stock(&sku).await.available < 60).then_some(())
        })
        .await;
        fault(shop).await;
    };
    let (ids, ()) = tokio::join!(orders, failing);

    let orders: Vec<_> = crowd.iter().zip(ids).collect();
    assert_money_and_stock_are_right(shop, &staff, &sku, 60, &orders).await;
    for (shopper, id) in &orders {
        let listed = shopper.get("/v1/orders").await.expect(200);
        let listed: Vec<_> =
            listed["items"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap()).collect();
        assert_eq!(listed, [id], "one key is one order, also over a crash between effect and answer");
    }
}

#[tokio::test]
async fn fifty_orders_survive_the_death_of_product() {
    fifty_orders_survive("TEST-KILL-PRODUCT", async |shop| shop.kill("product")).await;
}

#[tokio::test]
async fn fifty_orders_survive_the_death_of_order() {
    fifty_orders_survive("TEST-KILL-ORDER", async |shop| shop.kill("order")).await;
}

#[tokio::test]
async fn fifty_orders_survive_the_death_of_a_lambda() {
    fifty_orders_survive("TEST-KILL-PAYMENT", async |shop| {
        eventually("a running payment function is killed", RECOVERY, async || {
            (shop.kill_function("payment") > 0).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn fifty_orders_survive_a_database_that_does_not_answer() {
    fifty_orders_survive("TEST-FREEZE-POSTGRES", async |shop| shop.freeze("postgres", FREEZE).await).await;
}

#[tokio::test]
async fn fifty_orders_survive_an_aws_that_does_not_answer() {
    fifty_orders_survive("TEST-FREEZE-AWS", async |shop| shop.freeze("ministack", FREEZE).await).await;
}

#[tokio::test]
async fn fifty_orders_survive_a_processor_that_does_not_answer() {
    fifty_orders_survive("TEST-FREEZE-PROCESSOR", async |shop| shop.freeze("psp-simulator", FREEZE).await).await;
}
