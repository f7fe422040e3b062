//! Contact data that arrive late, change, or are erased.

use contracts::{Event, event::order::CancellationReason};
use notification::{clock, store::Deferral};

use crate::support::{Customer, Notification, eur};

const WELCOME: &str = "Welcome to the shop";
const CONFIRMED: &str = "Your order is confirmed: 42.47 EUR";
const CANCELLED: &str = "Your order is cancelled";

#[tokio::test]
async fn messages_of_an_order_that_arrives_before_the_registration_are_sent_after_it() {
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
    assert!(!notification.table_text().await.contains("PENDING#"), "no event is pending");
}

#[tokio::test]
async fn an_order_concurrent_with_the_registration_leads_to_one_message() {
    let notification = Notification::start().await;
    for _ in 0..15 {
        let customer = Customer::new();
        let (registered, confirmed) = (customer.registered(), customer.confirmed());
        let redelivered = async |envelope| while notification.deliver(&[envelope]).await > 0 {};
        tokio::join!(redelivered(&confirmed), redelivered(&registered), redelivered(&confirmed));
        assert_eq!(notification.subjects(&customer).await, [WELCOME, CONFIRMED]);
    }
}

/// A tighter race: an update looks for pending events at once, a registration sends its own mail first.
#[tokio::test]
async fn an_order_concurrent_with_an_update_leads_to_one_message() {
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
async fn no_event_is_deferred_after_contact_data_or_a_deletion_arrived() {
    let notification = Notification::start().await;
    let store = &notification.app.store;
    let (known, deleted, unknown) = (Customer::new(), Customer::new(), Customer::new());
    store.put_contact(known.id, 1, &known.contact).await.unwrap();
    store.erase_contact(deleted.id).await.unwrap();

    for (customer, deferral, pending) in
        [(known, Deferral::Unnecessary, 0), (deleted, Deferral::Unnecessary, 0), (unknown, Deferral::Deferred, 1)]
    {
        assert_eq!(store.defer(customer.id, &customer.confirmed(), clock::now()).await.unwrap(), deferral);
        assert_eq!(store.pending(customer.id).await.unwrap().len(), pending);
    }
}

#[tokio::test]
async fn the_latest_contact_data_are_used_in_every_order_of_arrival() {
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
async fn an_update_that_arrives_before_the_registration_sends_pending_messages() {
    let notification = Notification::start().await;
    let customer = Customer::new();

    for envelope in [customer.confirmed(), customer.moved_to(&customer.contact.email, 2)] {
        assert_eq!(notification.deliver(&[&envelope]).await, 0);
    }

    assert_eq!(notification.subjects(&customer).await, [CONFIRMED]);
}

#[tokio::test]
async fn a_deleted_customer_is_erased_and_gets_no_message() {
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
async fn a_pending_event_that_can_never_be_sent_becomes_a_dead_letter_and_the_contact_data_do_not() {
    let notification = Notification::start().await;
    let customer = Customer::new();
    let mut broken = customer.confirmed();
    let Event::OrderConfirmed(data) = &mut broken.event else { panic!("{broken:?}") };
    data.lines[0].unit_price = eur(i64::MAX);

    for envelope in [&broken, &customer.confirmed(), &customer.registered()] {
        assert_eq!(notification.deliver(&[envelope]).await, 0);
    }

    assert_eq!(notification.subjects(&customer).await, [WELCOME, CONFIRMED]);
    assert_eq!(
        notification.dead_letters().await,
        [(broken.to_json(), "cannot compute an amount: the amount is too large".to_owned())]
    );
    assert!(!notification.table_text().await.contains("PENDING#"));
}

/// The deletion may overtake a change, and a change may be delivered again long after it.
#[tokio::test]
async fn a_late_update_does_not_bring_back_a_deleted_customer() {
    let notification = Notification::start().await;
    for _ in 0..10 {
        let customer = Customer::named("Grace");
        let (before, after) = (customer.moved_to("old@grace.example", 8), customer.moved_to("new@grace.example", 10));
        let (confirmed, deleted) = (customer.confirmed(), customer.deleted());
        let redelivered = async |envelope| while notification.deliver(&[envelope]).await > 0 {};
        tokio::join!(redelivered(&before), redelivered(&deleted), redelivered(&confirmed), redelivered(&after));
        for envelope in [&after, &before, &confirmed, &customer.registered()] {
            assert_eq!(notification.deliver(&[envelope]).await, 0);
        }
        let table = notification.table_text().await;
        assert!(!table.contains("grace.example") && !table.contains("Grace"), "{table}");
        assert!(!table.contains(&customer.contact.email) && !table.contains("PENDING#"), "{table}");
    }
}

/// The read model is lost with the table. user publishes every account again (`user republish`), at the versions that
/// they have, while orders arrive.
#[tokio::test]
async fn after_the_table_was_lost_messages_wait_until_the_contact_data_are_published_again() {
    let mut notification = Notification::start().await;
    let (customer, other) = (Customer::new(), Customer::new());
    for envelope in [&customer.registered(), &other.registered()] {
        assert_eq!(notification.deliver(&[envelope]).await, 0);
    }
    notification.lose_table().await;

    let confirmed = customer.confirmed();
    for _ in 0..2 {
        assert_eq!(notification.deliver(&[&confirmed]).await, 0);
    }
    assert_eq!(notification.subjects(&customer).await, [WELCOME], "the confirmation waits");

    for _ in 0..2 {
        for republished in [&customer, &other].map(|customer| customer.moved_to(&customer.contact.email, 1)) {
            assert_eq!(notification.deliver(&[&republished]).await, 0);
        }
        assert_eq!(notification.deliver(&[&confirmed]).await, 0);
    }
    assert_eq!(notification.subjects(&customer).await, [WELCOME, CONFIRMED]);
    assert_eq!(notification.subjects(&other).await, [WELCOME], "nothing else is sent again");

    let deleted = other.deleted();
    assert_eq!(notification.deliver(&[&deleted, &other.moved_to(&other.contact.email, 1)]).await, 0);
    assert!(!notification.table_text().await.contains(&other.contact.email));
}

#[tokio::test]
async fn a_deletion_removes_pending_events() {
    let notification = Notification::start().await;
    let customer = Customer::new();

    for envelope in [customer.confirmed(), customer.deleted(), customer.registered()] {
        assert_eq!(notification.deliver(&[&envelope]).await, 0);
    }

    assert!(notification.subjects(&customer).await.is_empty());
    assert!(!notification.table_text().await.contains("PENDING#"));
}

#[tokio::test]
async fn a_deletion_concurrent_with_an_order_leaves_no_pending_event() {
    let notification = Notification::start().await;
    for _ in 0..15 {
        let customer = Customer::new();
        let (confirmed, deleted) = (customer.confirmed(), customer.deleted());
        let redelivered = async |envelope| while notification.deliver(&[envelope]).await > 0 {};
        tokio::join!(redelivered(&confirmed), redelivered(&deleted));
    }
    assert!(!notification.table_text().await.contains("PENDING#"));
}
