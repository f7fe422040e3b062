//! The sweep: it ends orders whose deadline has passed, and asks again for what is owed.

use contracts::event::order::CancellationReason;
use order::domain::{State, Status};

use super::harness::{authorized, start_with, stock_reserved};

const SWEEP: (&str, &str) = ("--sweep-interval-seconds", "1");

#[tokio::test]
async fn an_order_without_stock_is_cancelled_at_its_deadline() {
    let service = start_with(&[("--stock-deadline-seconds", "1"), SWEEP]).await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(service.placed(&service.customer()).await);
    }
    for id in ids {
        let order = service.eventually(id, Status::Cancelled).await;
        assert_eq!(order.state, State::Cancelled { reason: CancellationReason::StockTimeout });
        // Product releases a late reservation when it consumes the cancellation.
        service.handle(stock_reserved(id, 100)).await;
    }
    let pending = service.items().await.iter().filter(|item| item.contains_key("deadline_pk")).count();
    assert_eq!(pending, 0, "settled orders are not in the index");
}

#[tokio::test]
async fn an_order_without_payment_is_cancelled_at_its_deadline() {
    let service = start_with(&[("--payment-deadline-seconds", "1"), SWEEP]).await;
    let customer = service.customer();
    let (id, payment_id) = service.awaiting_payment(&customer).await;
    let order = service.eventually(id, Status::Cancelled).await;
    assert_eq!(order.state, State::Cancelled { reason: CancellationReason::PaymentTimeout });
    service.handle(authorized(id, payment_id, 200)).await;
    assert_eq!(service.published().await, ["placed", "payment_requested", "cancelled", "void_requested"]);
}

#[tokio::test]
async fn a_confirmed_order_outlives_its_deadlines() {
    let service = start_with(&[("--stock-deadline-seconds", "2"), ("--payment-deadline-seconds", "2"), SWEEP]).await;
    let customer = service.customer();
    let (confirmed, _) = service.confirmed(&customer).await;
    // Once a later order is cancelled, the sweeps of the first one have run.
    let other = service.placed(&customer).await;
    service.eventually(other, Status::Cancelled).await;
    assert_eq!(service.order(confirmed).await.state, State::Confirmed);
}

/// M1, M7: a lost message is repeated.
#[tokio::test]
async fn an_overdue_obligation_is_requested_again_by_the_sweep() {
    let service = start_with(&[SWEEP]).await;
    let customer = service.customer();
    let (id, _) = service.awaiting_payment(&customer).await;
    let before = service.order(id).await;
    service.make_overdue(id).await;
    let asked = service.eventually_version(id, before.version + 1).await;
    assert_eq!((asked.owed[0].asked, asked.history.len()), (2, before.history.len()));
    assert_eq!(service.published().await, ["placed", "payment_requested", "payment_requested"]);
    let sequences: Vec<_> = service.events().await.iter().map(|envelope| envelope.sequence).collect();
    assert_eq!(sequences, [1, 2, 3], "a repeated request has a higher sequence");
}
