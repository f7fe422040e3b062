//! Contact data come late, change, and go.

use contracts::event::order::CancellationReason;
use notification::{clock, store::Kept};

use crate::support::{Customer, Notification};

const WELCOME: &str = "Welcome to the shop";
const CONFIRMED: &str = "Your order is confirmed: 42.47 EUR";
const CANCELLED: &str = "Your order is cancelled";

#[tokio::test]
async fn an_order_that_overtakes_the_registration_is_told_when_it_arrives() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let (confirmed, cancelled) = (customer.confirmed(), customer.cancelled(CancellationReason::Requested));

    for _ in 0..2 {
        assert_eq!(notification.deliver(&[&confirmed, &cancelled]).await, 0);
    }
    assert!(notification.subjects(&customer).await.is_empty());

    let registered = customer.registered();
    for _ in 0..2 {
        assert_eq!(notification.deliver(&[&registered]).await, 0);
        assert_eq!(notification.deliver(&[&confirmed, &cancelled]).await, 0);
    }
    assert_eq!(notification.subjects(&customer).await, [WELCOME, CANCELLED, CONFIRMED]);
    assert!(!notification.table_text().await.contains("PENDING#"), "what was told waits no longer");
}

#[tokio::test]
async fn an_order_that_meets_the_registration_is_neither_lost_nor_told_twice() {
    let notification = Notification::start().await;
    for _ in 0..15 {
        let customer = Customer::new();
        let (registered, confirmed) = (customer.registered(), customer.confirmed());
        let redelivered = async |envelope| while notification.deliver(&[envelope]).await > 0 {};
        tokio::join!(redelivered(&confirmed), redelivered(&registered), redelivered(&confirmed));
        assert_eq!(notification.subjects(&customer).await, [WELCOME, CONFIRMED]);
    }
}

/// An update looks for what waits at once, where a registration sends its own mail first: the tighter race.
#[tokio::test]
async fn an_order_that_meets_an_update_is_neither_lost_nor_told_twice() {
    let notification = Notification::start().await;
    for _ in 0..30 {
        let customer = Customer::new();
        let (updated, confirmed) = (customer.moved_to(&customer.contact.email, 2), customer.confirmed());
        let redelivered = async |envelope| while notification.deliver(&[envelope]).await > 0 {};
        tokio::join!(redelivered(&confirmed), redelivered(&updated));
        assert_eq!(notification.subjects(&customer).await, [CONFIRMED]);
    }
}

#[tokio::test]
async fn nothing_begins_to_wait_once_contact_data_or_a_deletion_are_there() {
    let notification = Notification::start().await;
    let store = &notification.state.store;
    let (known, deleted, unknown) = (Customer::new(), Customer::new(), Customer::new());
    store.put_contact(known.id, 1, &known.contact).await.unwrap();
    store.erase_contact(deleted.id).await.unwrap();

    for (customer, kept, waiting) in
        [(known, Kept::Overtaken, 0), (deleted, Kept::Overtaken, 0), (unknown, Kept::Waiting, 1)]
    {
        assert_eq!(store.keep_waiting(customer.id, &customer.confirmed(), clock::now()).await.unwrap(), kept);
        assert_eq!(store.waiting(customer.id).await.unwrap().len(), waiting);
    }
}

#[tokio::test]
async fn the_latest_contact_data_count_in_whatever_order_they_arrive() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let latest = format!("latest-{}", customer.contact.email);
    let older = format!("older-{}", customer.contact.email);

    for envelope in [customer.moved_to(&latest, 3), customer.moved_to(&older, 2), customer.registered()] {
        assert_eq!(notification.deliver(&[&envelope]).await, 0);
    }
    assert_eq!(notification.deliver(&[&customer.confirmed()]).await, 0);

    let mails = notification.mails_to(&latest).await;
    assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), [WELCOME, CONFIRMED]);
    assert!(notification.mails_to(&older).await.is_empty());
    assert!(notification.subjects(&customer).await.is_empty());
}

#[tokio::test]
async fn an_update_that_overtakes_the_registration_lets_nothing_wait() {
    let notification = Notification::start().await;
    let customer = Customer::new();

    for envelope in [customer.confirmed(), customer.moved_to(&customer.contact.email, 2)] {
        assert_eq!(notification.deliver(&[&envelope]).await, 0);
    }

    assert_eq!(notification.subjects(&customer).await, [CONFIRMED]);
}

#[tokio::test]
async fn a_deleted_customer_is_forgotten_and_hears_nothing_more() {
    let notification = Notification::start().await;
    let customer = Customer::named("Grace");
    for envelope in [customer.registered(), customer.confirmed(), customer.deleted()] {
        assert_eq!(notification.deliver(&[&envelope]).await, 0);
    }
    let before = notification.subjects(&customer).await;
    assert_eq!(before, [WELCOME, CONFIRMED]);

    for envelope in [
        customer.cancelled(CancellationReason::StockLost),
        customer.moved_to(&customer.contact.email, 20),
        customer.registered(),
        customer.registration_repeated(),
        customer.deleted(),
    ] {
        assert_eq!(notification.deliver(&[&envelope]).await, 0);
    }

    assert_eq!(notification.subjects(&customer).await, before);
    let table = notification.table_text().await;
    assert!(!table.contains(&customer.contact.email) && !table.contains("Grace"), "{table}");
}

#[tokio::test]
async fn a_deletion_takes_along_what_waits() {
    let notification = Notification::start().await;
    let customer = Customer::new();

    for envelope in [customer.confirmed(), customer.deleted(), customer.registered()] {
        assert_eq!(notification.deliver(&[&envelope]).await, 0);
    }

    assert!(notification.subjects(&customer).await.is_empty());
    assert!(!notification.table_text().await.contains("PENDING#"));
}

#[tokio::test]
async fn a_deletion_that_meets_an_order_lets_nothing_wait() {
    let notification = Notification::start().await;
    for _ in 0..15 {
        let customer = Customer::new();
        let (confirmed, deleted) = (customer.confirmed(), customer.deleted());
        let redelivered = async |envelope| while notification.deliver(&[envelope]).await > 0 {};
        tokio::join!(redelivered(&confirmed), redelivered(&deleted));
    }
    assert!(!notification.table_text().await.contains("PENDING#"));
}
