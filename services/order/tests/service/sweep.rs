//! The log line that alarms are based on: see `infra/terraform/units/order`.

use order::domain::Status;
use serde_json::Value;
use stack::testing::eventually;

use super::harness::{LIMIT, authorized, start_process, stock_reserved};

const SWEPT: &str = "swept";
const PLACED: &str = "oldest_placed_seconds";
const AWAITING_PAYMENT: &str = "oldest_awaiting_payment_seconds";

#[tokio::test]
async fn each_sweep_logs_the_age_of_the_oldest_order_in_each_transient_state() {
    let service = start_process(&[("--sweep-interval-seconds", "1")], &[]).await;
    let nothing = service.process().line(SWEPT, |_| true).await;
    assert_eq!((nothing[PLACED].as_u64(), nothing[AWAITING_PAYMENT].as_u64()), (Some(0), Some(0)));

    let customer = service.customer();
    let waiting = service.placed(&customer).await;
    service.process().line(SWEPT, |line| line[PLACED].as_u64() >= Some(2) && line[AWAITING_PAYMENT] == 0).await;
    service.handle(stock_reserved(waiting, 100)).await;
    service.process().line(SWEPT, |line| line[AWAITING_PAYMENT].as_u64() >= Some(3) && line[PLACED] == 0).await;
    let payment_id = service.order(waiting).await.attempts[0].payment_id;
    service.handle(authorized(waiting, payment_id, 200)).await;
    assert_eq!(service.order(waiting).await.state.status(), Status::Confirmed);
    let before = service.process().logged(SWEPT).len();
    let is_zero = |line: &Value| line[PLACED] == 0 && line[AWAITING_PAYMENT] == 0;
    eventually("no order is pending", LIMIT, async || {
        service.process().logged(SWEPT)[before..].iter().any(is_zero).then_some(())
    })
    .await;
}
