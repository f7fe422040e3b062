//! One message per event, for every kind of delivery.

use contracts::{
    Event, OrderId,
    event::order::{CancellationReason, OrderPlaced, RejectionReason},
};
use futures::future::join_all;
use notification::{
    clock,
    domain::channel::Channel,
    store::{ClaimOutcome, LEASE, Outcome},
};

use crate::support::{Customer, Notification, envelope};

const WELCOME: &str = "Welcome to the shop";
const CONFIRMED: &str = "Your order is confirmed: 42.47 EUR";

#[tokio::test]
async fn ten_deliveries_in_one_batch_lead_to_one_mail() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    assert_eq!(notification.deliver(&[&customer.registered()]).await, 0);

    let confirmed = customer.confirmed();
    notification.deliver(&[&confirmed; 10]).await;
    assert_eq!(notification.deliver(&[&confirmed; 10]).await, 0, "the last delivery is acknowledged");

    assert_eq!(notification.subjects(&customer).await, [WELCOME, CONFIRMED]);
}

#[tokio::test]
async fn ten_concurrent_batches_with_one_event_lead_to_one_mail() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let registered = customer.registered();

    let batch = [&registered];
    join_all((0..10).map(|_| notification.deliver(&batch))).await;
    assert_eq!(notification.deliver(&[&registered]).await, 0, "the last delivery is acknowledged");

    assert_eq!(notification.subjects(&customer).await, [WELCOME]);
}

#[tokio::test]
async fn every_event_has_its_own_mail() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let envelopes = [
        customer.registered(),
        customer.registration_repeated(),
        customer.confirmed(),
        customer.confirmed(),
        customer.rejected(RejectionReason::OutOfStock),
        customer.cancelled(CancellationReason::PaymentTimeout),
    ];
    for _ in 0..2 {
        assert_eq!(notification.deliver(&envelopes.each_ref()).await, 0);
    }
    assert_eq!(
        notification.subjects(&customer).await,
        [
            WELCOME,
            "You already have an account",
            "Your order could not be accepted: not everything is in stock",
            "Your order is cancelled",
            CONFIRMED,
            CONFIRMED,
        ]
    );
}

#[tokio::test]
async fn poison_messages_go_to_the_dead_letter_queue_with_a_reason_and_do_not_fail_the_rest_of_the_batch() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let registered = customer.registered().to_json();
    let placed = OrderPlaced { order_id: OrderId::generate(), user_id: customer.id, lines: vec![], deadline: None };
    let placed = envelope(placed.order_id, 1, Event::OrderPlaced(placed)).to_json();
    let bodies = [
        "{".to_owned(),
        registered.clone(),
        "not json".to_owned(),
        registered.replace("registered.v1", "vanished.v1"),
        customer.confirmed().to_json(),
        registered.replace("\"1.0\"", "\"2.0\""),
        placed.clone(),
    ];

    assert!(notification.deliver_bodies(&bodies).await.is_empty());

    let mut rejected = notification.dead_letters().await;
    rejected.sort();
    let mut poison = [0, 2, 3, 5, 6].map(|at| bodies[at].clone());
    poison.sort();
    assert_eq!(rejected.iter().map(|(body, _)| body.clone()).collect::<Vec<_>>(), poison);
    for (body, reason) in rejected {
        assert_eq!(reason == "unexpected event type shop.order.placed.v1", body == placed, "{reason}");
        assert!(!reason.is_empty() && !reason.contains(&customer.contact.email), "{reason}");
    }

    assert_eq!(notification.subjects(&customer).await, [WELCOME, CONFIRMED]);
}

#[tokio::test]
async fn an_event_whose_message_is_claimed_is_delivered_again() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let registered = customer.registered();
    let (store, now) = (&notification.app.store, clock::now());

    let claimed = store.claim(registered.id, registered.event.kind(), Channel::Email, now).await.unwrap();
    assert_eq!(notification.deliver(&[&registered]).await, 1);
    assert!(notification.subjects(&customer).await.is_empty());

    let ClaimOutcome::Granted(claim) = claimed else { panic!("{claimed:?}") };
    store.settle(&claim, &Outcome::Sent("sent-by-the-other-delivery".to_owned()), now).await.unwrap();
    assert_eq!(notification.deliver(&[&registered]).await, 0);
    assert!(notification.subjects(&customer).await.is_empty());
}

#[tokio::test]
async fn an_expired_claim_is_replaced_by_the_next_delivery() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let registered = customer.registered();
    let (store, then) = (&notification.app.store, clock::now() - LEASE * 2);

    let claimed = store.claim(registered.id, registered.event.kind(), Channel::Email, then).await.unwrap();
    assert_eq!(notification.deliver(&[&registered]).await, 0);
    assert_eq!(notification.subjects(&customer).await, [WELCOME]);

    let ClaimOutcome::Granted(expired) = claimed else { panic!("{claimed:?}") };
    let late = store.settle(&expired, &Outcome::Failed("too late".to_owned()), clock::now()).await;
    assert!(late.is_err(), "an expired claim cannot settle");
    assert!(store.release(&expired).await.is_err(), "an expired claim cannot release");
    assert_eq!(notification.deliver(&[&registered]).await, 0);
    assert_eq!(notification.subjects(&customer).await, [WELCOME]);
}

#[test]
fn a_claim_outlives_the_invocation_and_expires_before_the_next_delivery() {
    let topology: serde_json::Value = serde_json::from_str(include_str!("../../../../infra/topology.json")).unwrap();
    let seconds = |list: &str, name: &str, field: &str| {
        let entries = topology[list].as_array().unwrap();
        entries.iter().find(|entry| entry["name"] == name).unwrap()[field].as_i64().unwrap()
    };
    assert!(seconds("functions", "notification", "timeout_seconds") < LEASE.num_seconds());
    assert!(LEASE.num_seconds() < seconds("queues", "notification-inbox", "visibility_timeout_seconds"));
}
