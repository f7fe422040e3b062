//! What an alarm stands on: see `infra/terraform/units/order`.

use order::domain::Status;
use serde_json::Value;
use stack::testing::eventually;

use super::harness::{PATIENCE, authorized, shop_as_process, stock_reserved};

const SWEPT: &str = "swept";
const PLACED: &str = "oldest_placed_seconds";
const AWAITING_PAYMENT: &str = "oldest_awaiting_payment_seconds";

#[tokio::test]
async fn each_sweep_tells_the_age_of_the_oldest_order_in_each_passing_state() {
    let shop = shop_as_process(&[("--sweep-interval-seconds", "1")], &[]).await;
    let nothing = shop.process().line(SWEPT, |_| true).await;
    assert_eq!((nothing[PLACED].as_u64(), nothing[AWAITING_PAYMENT].as_u64()), (Some(0), Some(0)));

    let customer = shop.customer();
    let waiting = shop.placed(&customer).await;
    shop.process().line(SWEPT, |line| line[PLACED].as_u64() >= Some(2) && line[AWAITING_PAYMENT] == 0).await;
    shop.handle(stock_reserved(waiting, 100)).await;
    shop.process().line(SWEPT, |line| line[AWAITING_PAYMENT].as_u64() >= Some(3) && line[PLACED] == 0).await;
    let payment_id = shop.order(waiting).await.attempts[0].payment_id;
    shop.handle(authorized(waiting, payment_id, 200)).await;
    assert_eq!(shop.order(waiting).await.state.status(), Status::Confirmed);
    let before = shop.process().logged(SWEPT).len();
    let at_rest = |line: &Value| line[PLACED] == 0 && line[AWAITING_PAYMENT] == 0;
    eventually("nothing waits", PATIENCE, async || {
        shop.process().logged(SWEPT)[before..].iter().any(at_rest).then_some(())
    })
    .await;
}
