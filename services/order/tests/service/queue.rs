//! The three outcomes of a message, on a real queue: done, later, never.

use contracts::OrderId;
use futures::future::join_all;
use order::domain::Status;
use rstest::rstest;
use stack::testing::{DynamoDbFault, eventually};

use super::harness::{LIMIT, authorized, start, start_process, start_with_failing_transactions, stock_reserved};

#[tokio::test]
async fn a_poison_message_goes_to_the_dead_letter_queue_at_once_and_does_not_block_others() {
    let service = start().await;
    let customer = service.customer();
    let id = service.placed(&customer).await;
    let unknown = stock_reserved(OrderId::generate(), 100);
    service.deliver(["not an event".to_owned(), unknown.to_json(), stock_reserved(id, 100).to_json()]).await;
    service.eventually(id, Status::AwaitingPayment).await;

    let mut dead = eventually("two dead letters", LIMIT, async || {
        Some(service.dead_letters().await).filter(|dead| dead.len() == 2)
    })
    .await;
    dead.sort();
    let [unreadable, refused] = &dead[..] else { unreachable!("two dead letters") };
    assert_eq!(unreadable.0, "not an event");
    assert!(unreadable.1.starts_with("JSON not valid"), "{dead:?}");
    assert_eq!(refused.0, unknown.to_json());
    assert!(refused.1.ends_with("does not exist"), "{dead:?}");
}

/// An outage is no reason to give a message up: see `max_receive_count` in the topology.
#[tokio::test]
async fn a_message_is_kept_while_the_table_does_not_respond() {
    let service = start_process(&[("--order-table", "no-such-table")], &[]).await;
    service.deliver([stock_reserved(OrderId::generate(), 100).to_json()]).await;
    let retried = || service.process().logged("message not handled, retried later").len();
    eventually("the message is received several times", LIMIT, async || (retried() >= 3).then_some(())).await;
    assert_eq!(service.dead_letters().await, []);
    assert_eq!(service.process().logged("message not handled"), [] as [serde_json::Value; 0]);
}

/// M2: reads work, and writes are throttled or in conflict for longer than all retries within a delivery.
#[rstest]
#[case::throttled(DynamoDbFault::Throttled, 9)]
#[case::in_conflict(DynamoDbFault::TransactionConflict, 27)]
#[tokio::test]
async fn failing_transactions_delay_messages_and_lose_none(#[case] fault: DynamoDbFault, #[case] times: usize) {
    let healthy = start().await;
    let ids = join_all((0..3).map(async |_| healthy.placed(&healthy.customer()).await)).await;
    let (service, proxy) = start_with_failing_transactions(fault, times).await;
    for id in &ids {
        service.copy_from(&healthy, *id).await;
    }
    service.deliver(ids.iter().map(|id| stock_reserved(*id, 100).to_json())).await;
    for id in &ids {
        service.eventually(*id, Status::AwaitingPayment).await;
    }
    assert_eq!(proxy.failures_left(), 0, "all transactions that were to fail have failed");
    assert_eq!(service.dead_letters().await, []);
}

#[tokio::test]
async fn a_shutdown_leaves_no_message_invisible() {
    let service = start_process(&[("--long-poll-seconds", "20")], &[]).await;
    let customer = service.customer();
    let (id, payment_id) = service.awaiting_payment(&customer).await;
    service.process().request_shutdown().await.unwrap();
    service.process().line("draining", |_| true).await;
    service.deliver([authorized(id, payment_id, 200).to_json()]).await;
    service.eventually(id, Status::Confirmed).await;
}
