//! No order stays in a transient state for longer than its deadline; what arrives too late is undone.

use reqwest::StatusCode;
use serde_json::json;
use stack::testing::eventually;
use tests::{
    Shop,
    people::{PATIENCE, Stock},
};
use tokio::sync::OnceCell;

async fn shop() -> &'static Shop {
    static SHOP: OnceCell<Shop> = OnceCell::const_new();
    SHOP.get_or_init(|| {
        Shop::start("deadlines", &["order.PAYMENT_DEADLINE_SECONDS=4", "order.SWEEP_INTERVAL_SECONDS=2"])
    })
    .await
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_is_cancelled() {
    let shop = shop().await;
    let (ada, staff) = tokio::join!(shop.shopper(), shop.staff());
    let tea = shop.stocked(&staff, "TEST-DEADLINE", 5).await;

    let id = ada.order(&tea, 2, "pm_card_chargeDeclined").await;
    let order = ada.order_in(&id, &["cancelled"]).await;

    assert_eq!(order["cancellation_reason"], "payment_timeout");
    staff.stock_becomes(&tea, Stock::of(5, 0, 0)).await;
    assert!(shop.live_authorizations(&id).await.is_empty());
    let too_late = ada.post(&format!("/v1/orders/{id}/payment"), &json!({ "payment_method": "pm_card_visa" })).await;
    assert_eq!(too_late.status, StatusCode::CONFLICT);
    eventually("the mail about it", PATIENCE, async || (shop.mails(&ada.email, &id).await.len() == 1).then_some(()))
        .await;
}

#[tokio::test]
async fn an_authorization_that_comes_after_the_deadline_is_voided() {
    let shop = shop().await;
    let (ada, staff) = tokio::join!(shop.shopper(), shop.staff());
    let tea = shop.stocked(&staff, "TEST-DEADLINE-SLOW", 5).await;
    ada.put_in_cart(&tea, 1).await;
    // The processor authorizes, but payment does not learn it in time: responses are lost, then one is slow.
    for fault in [
        json!({ "operation": "create", "kind": "lost_answer", "times": 3 }),
        json!({ "operation": "create", "kind": "slow", "ms": 6000, "times": 1 }),
    ] {
        shop.processor().inject(&fault).await.unwrap();
    }

    let id = ada.checkout_id("pm_card_visa").await;
    ada.order_in(&id, &["cancelled", "confirmed"]).await;
    let settled = ada.read_order(&id).await;

    if settled["status"] == "cancelled" {
        eventually("the authorization is voided", PATIENCE * 3, async || {
            shop.live_authorizations(&id).await.is_empty().then_some(())
        })
        .await;
        staff.stock_becomes(&tea, Stock::of(5, 0, 0)).await;
    } else {
        assert_eq!(shop.live_authorizations(&id).await.len(), 1);
        staff.stock_becomes(&tea, Stock::of(4, 0, 1)).await;
    }
}
