use contracts::event::order::CancellationReason;
use order::{
    domain::{State, Status},
    events::queue::Outcome,
};

use super::harness::{authorized, start_with, stock_reserved};

#[tokio::test]
async fn a_reminder_cancels_an_order_without_stock() {
    let service = start_with(&[("--stock-deadline-seconds", "1")]).await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    let order = service.eventually(id, Status::Cancelled).await;
    assert_eq!(order.state, State::Cancelled { reason: CancellationReason::StockTimeout });
    // Product releases a late reservation when it consumes the cancellation.
    service.handle(stock_reserved(id, 100)).await;
    assert_eq!(service.published().await, ["placed", "cancelled"]);
}

#[tokio::test]
async fn a_reminder_cancels_an_order_without_payment() {
    let service = start_with(&[("--payment-deadline-seconds", "1")]).await;
    let customer = service.customer();
    let (id, payment_id) = service.awaiting_payment(&customer).await;
    let order = service.eventually(id, Status::Cancelled).await;
    assert_eq!(order.state, State::Cancelled { reason: CancellationReason::PaymentTimeout });
    service.handle(authorized(id, payment_id, 200)).await;
    let expected = ["placed", "payment_requested", "cancelled", "void_requested", "void_requested"];
    assert_eq!(service.published().await, expected);
}

#[tokio::test]
async fn the_sweep_cancels_orders_whose_reminders_are_lost() {
    let nowhere = format!("{}/000000000000/no-such-queue", stack::testing::aws().await.endpoint());
    let settings = [
        ("--order-deadlines-url", nowhere.as_str()),
        ("--stock-deadline-seconds", "1"),
        ("--sweep-interval-seconds", "1"),
    ];
    let service = start_with(&settings).await;
    let customer = service.customer();
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(service.placed(&customer).await);
    }
    for id in ids {
        service.eventually(id, Status::Cancelled).await;
    }
    let pending = service.items().await.iter().filter(|item| item.contains_key("deadline_pk")).count();
    assert_eq!(pending, 0, "settled orders are not in the index");
}

#[tokio::test]
async fn a_confirmed_order_outlives_its_deadlines() {
    let service = start_with(&[
        ("--stock-deadline-seconds", "2"),
        ("--payment-deadline-seconds", "2"),
        ("--sweep-interval-seconds", "1"),
    ])
    .await;
    let customer = service.customer();
    let (confirmed, _) = service.confirmed(&customer).await;
    // Once a later order is cancelled, the reminders and sweeps of the first one have run.
    let other = service.placed(&customer).await;
    service.eventually(other, Status::Cancelled).await;
    assert_eq!(service.order(confirmed).await.state, State::Confirmed);
}

/// The maximum delay of SQS is shorter than some deadlines.
#[tokio::test]
async fn an_early_reminder_changes_nothing() {
    let service = start_with(&[("--stock-deadline-seconds", "1000")]).await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    let deadline = service.order(id).await.state.deadline().unwrap();
    let reminder = serde_json::json!({
        "order_id": id, "deadline": deadline, "traceparent": contracts::TraceContext::root().to_string(),
    });
    let outcome = order::events::deadlines::handle(service.app.clone(), reminder.to_string()).await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(service.order(id).await.state.status(), Status::Placed);
}
