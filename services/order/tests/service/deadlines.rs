use contracts::event::order::CancellationReason;
use order::domain::{State, Status};

use super::harness::{authorized, shop_with, stock_reserved};

#[tokio::test]
async fn a_reminder_ends_an_order_that_got_no_stock() {
    let shop = shop_with(&[("--stock-deadline-seconds", "1")]).await;
    let customer = shop.customer();
    let id = shop.placed(&customer).await;
    let order = shop.eventually(id, Status::Cancelled).await;
    assert_eq!(order.state, State::Cancelled { reason: CancellationReason::StockTimeout });
    // Stock that comes now is released by product, which hears of the cancellation.
    shop.handle(stock_reserved(id, 100)).await;
    assert_eq!(shop.published().await, ["placed", "cancelled"]);
}

#[tokio::test]
async fn a_reminder_ends_an_order_that_got_no_money() {
    let shop = shop_with(&[("--payment-deadline-seconds", "1")]).await;
    let customer = shop.customer();
    let (id, payment_id) = shop.awaiting_payment(&customer).await;
    let order = shop.eventually(id, Status::Cancelled).await;
    assert_eq!(order.state, State::Cancelled { reason: CancellationReason::PaymentTimeout });
    shop.handle(authorized(id, payment_id, 200)).await;
    let expected = ["placed", "payment_requested", "cancelled", "void_requested", "void_requested"];
    assert_eq!(shop.published().await, expected);
}

#[tokio::test]
async fn the_sweep_alone_ends_orders_whose_reminders_are_lost() {
    let nowhere = format!("{}/000000000000/no-such-queue", stack::testing::aws().await.endpoint());
    let settings = [
        ("--order-deadlines-url", nowhere.as_str()),
        ("--stock-deadline-seconds", "1"),
        ("--sweep-interval-seconds", "1"),
    ];
    let shop = shop_with(&settings).await;
    let customer = shop.customer();
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(shop.placed(&customer).await);
    }
    for id in ids {
        shop.eventually(id, Status::Cancelled).await;
    }
    let waiting = shop.items().await.iter().filter(|item| item.contains_key("deadline_pk")).count();
    assert_eq!(waiting, 0, "the index holds only what has a deadline");
}

#[tokio::test]
async fn an_order_that_was_confirmed_in_time_outlives_its_deadlines() {
    let shop = shop_with(&[
        ("--stock-deadline-seconds", "2"),
        ("--payment-deadline-seconds", "2"),
        ("--sweep-interval-seconds", "1"),
    ])
    .await;
    let customer = shop.customer();
    let (confirmed, _) = shop.confirmed(&customer).await;
    // One that is placed later is ended by the same reminders and sweeps: by then, those of the first have come.
    let other = shop.placed(&customer).await;
    shop.eventually(other, Status::Cancelled).await;
    assert_eq!(shop.order(confirmed).await.state, State::Confirmed);
}

/// A deadline may lie further ahead than SQS can delay a message.
#[tokio::test]
async fn a_reminder_that_comes_early_ends_nothing() {
    let shop = shop_with(&[("--stock-deadline-seconds", "1000")]).await;
    let customer = shop.customer();
    let id = shop.placed(&customer).await;
    let deadline = shop.order(id).await.state.deadline().unwrap();
    let reminder = serde_json::json!({
        "order_id": id, "deadline": deadline, "traceparent": contracts::TraceContext::root().to_string(),
    });
    order::events::deadlines::handle(shop.app.clone(), reminder.to_string()).await.unwrap();
    assert_eq!(shop.order(id).await.state.status(), Status::Placed);
}
