//! Messages about an order: one of each kind, and none that a newer state contradicts, in every order of arrival.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{Json, Router, extract::State, http::StatusCode};
use chrono::TimeDelta;
use contracts::{
    Envelope, OrderId,
    event::order::{CancellationReason, RejectionReason},
};
use notification::{
    aws::{self, SES_TIMEOUT},
    clock,
    mail::Mailer,
};
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::TestRunner};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Customer, Notification, SENDER};

const CONFIRMED: &str = "Your order is confirmed: 42.47 EUR";
const CANCELLED: &str = "Your order is cancelled";
const REJECTED: &str = "Your order could not be accepted: not everything is in stock";

/// A server in the place of SES that throttles on request, and keeps the subjects of the mails that it accepts.
#[derive(Clone, Default)]
struct Ses {
    is_throttling: Arc<AtomicBool>,
    subjects: Arc<Mutex<Vec<String>>>,
}

impl Ses {
    /// Starts the function with this server instead of SES.
    async fn start() -> (Notification, Self) {
        let (mut notification, ses) = (Notification::start().await, Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(respond).with_state(ses.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        let aws = notification.aws.sdk_config().to_builder().endpoint_url(endpoint).build();
        let client = aws_sdk_sesv2::Client::from_conf(aws::ses(&aws));
        notification.app.mailer = Mailer::new(client, SENDER.to_owned());
        (notification, ses)
    }

    fn throttle(&self, is_throttling: bool) {
        self.is_throttling.store(is_throttling, Ordering::SeqCst);
    }

    fn subjects(&self) -> Vec<String> {
        self.subjects.lock().unwrap().clone()
    }
}

async fn respond(
    State(ses): State<Ses>,
    Json(mail): Json<Value>,
) -> (StatusCode, [(&'static str, &'static str); 1], Json<Value>) {
    if ses.is_throttling.load(Ordering::SeqCst) {
        let error = [("x-amzn-errortype", "TooManyRequestsException")];
        return (StatusCode::TOO_MANY_REQUESTS, error, Json(json!({ "message": "Maximum sending rate exceeded." })));
    }
    let subject = mail["Content"]["Simple"]["Subject"]["Data"].as_str().unwrap().to_owned();
    ses.subjects.lock().unwrap().push(subject);
    (StatusCode::OK, [("x-amzn-errortype", "")], Json(json!({ "MessageId": "accepted" })))
}

/// Delivers a batch that leaves no time for retries of a throttled mail. Returns the positions that are delivered
/// again.
async fn deliver(notification: &Notification, envelopes: &[&Envelope]) -> Vec<usize> {
    let bodies: Vec<String> = envelopes.iter().map(|envelope| envelope.to_json()).collect();
    notification.deliver_within(SES_TIMEOUT, &bodies).await
}

/// A customer whose contact data are known, and the confirmation, its repetition, and the cancellation of one order.
async fn order(notification: &Notification) -> [Envelope; 3] {
    let (customer, order_id) = (Customer::new(), OrderId::generate());
    notification.app.store.put_contact(customer.id, 1, &customer.contact).await.unwrap();
    let cancelled = customer.cancelled_at(order_id, 6, CancellationReason::Requested);
    [customer.confirmed_at(order_id, 4), customer.confirmed_at(order_id, 5), cancelled]
}

#[tokio::test]
async fn a_confirmation_and_then_a_cancellation_are_both_sent() {
    let (notification, ses) = Ses::start().await;
    let [confirmed, _, cancelled] = order(&notification).await;
    for envelope in [&confirmed, &cancelled, &confirmed, &cancelled] {
        assert!(deliver(&notification, &[envelope]).await.is_empty());
    }
    assert_eq!(ses.subjects(), [CONFIRMED, CANCELLED]);
}

#[tokio::test]
async fn a_repeated_event_of_an_order_sends_nothing() {
    let (notification, ses) = Ses::start().await;
    let [confirmed, repeated, _] = order(&notification).await;
    for envelope in [&confirmed, &repeated, &confirmed] {
        assert!(deliver(&notification, &[envelope]).await.is_empty());
    }
    assert_eq!(ses.subjects(), [CONFIRMED]);

    let [confirmed, repeated, _] = order(&notification).await;
    for envelope in [&repeated, &confirmed] {
        assert!(deliver(&notification, &[envelope]).await.is_empty());
    }
    assert_eq!(ses.subjects(), [CONFIRMED, CONFIRMED], "one of each order");
}

#[tokio::test]
async fn a_confirmation_that_arrives_after_the_cancellation_is_not_sent() {
    let (notification, ses) = Ses::start().await;
    let [confirmed, repeated, cancelled] = order(&notification).await;
    for envelope in [&cancelled, &confirmed, &repeated] {
        assert!(deliver(&notification, &[envelope]).await.is_empty());
    }
    assert_eq!(ses.subjects(), [CANCELLED]);
}

#[tokio::test]
async fn a_throttled_confirmation_is_not_sent_after_the_cancellation() {
    let (notification, ses) = Ses::start().await;
    let [confirmed, _, cancelled] = order(&notification).await;
    ses.throttle(true);
    assert_eq!(deliver(&notification, &[&confirmed]).await, [0]);
    assert_eq!(deliver(&notification, &[&cancelled]).await, [0]);

    ses.throttle(false);
    // The cancellation is known, although it was not sent either.
    assert!(deliver(&notification, &[&confirmed]).await.is_empty());
    assert!(deliver(&notification, &[&cancelled]).await.is_empty());
    assert_eq!(ses.subjects(), [CANCELLED]);
}

#[tokio::test]
async fn of_the_pending_events_of_an_order_the_newest_decides() {
    let (notification, ses) = Ses::start().await;
    let (customer, order_id) = (Customer::new(), OrderId::generate());
    let confirmed = customer.confirmed_at(order_id, 4);
    let cancelled = customer.cancelled_at(order_id, 5, CancellationReason::Requested);

    for envelope in [&confirmed, &cancelled, &customer.moved_to(&customer.contact.email, 1)] {
        assert!(deliver(&notification, &[envelope]).await.is_empty());
    }

    assert_eq!(ses.subjects(), [CANCELLED]);
    assert!(!notification.table_text().await.contains("PENDING#"));
}

/// A rolling release: the previous version recorded the messages of orders by the ids of their events.
#[tokio::test]
async fn a_message_that_the_previous_version_sent_or_is_sending_is_not_sent_again() {
    let (notification, ses) = Ses::start().await;
    let second = TimeDelta::seconds(1);
    for (state, lease_until, later) in [
        ("sent", None, vec![]),
        ("failed", None, vec![]),
        ("claimed", Some(clock::now() + second * 60), vec![0]),
        ("claimed", Some(clock::now() - second), vec![]),
    ] {
        let [confirmed, ..] = order(&notification).await;
        let mut item = serde_json::from_str::<Value>(include_str!("../../samples/message.v1.json")).unwrap();
        item["pk"] = json!(format!("MESSAGE#{}#email", confirmed.id));
        item["state"] = json!(state);
        item.as_object_mut().unwrap().remove("lease_until");
        if let Some(lease_until) = lease_until {
            item["lease_until"] = json!(lease_until.timestamp_millis());
        }
        put(&notification, &item).await;

        assert_eq!(deliver(&notification, &[&confirmed]).await, later, "{state} {lease_until:?}");
    }
    assert_eq!(ses.subjects(), [CONFIRMED], "only the message whose claim has expired");
}

async fn put(notification: &Notification, item: &Value) {
    let client = aws_sdk_dynamodb::Client::new(&notification.aws.sdk_config());
    let item: std::collections::HashMap<String, AttributeValue> = serde_dynamo::to_item(item).unwrap();
    client.put_item().table_name(&notification.table).set_item(Some(item)).send().await.unwrap();
}

/// One schedule: the events of an order, and their deliveries.
#[derive(Debug, Clone)]
struct Schedule {
    /// Kinds in the order of their sequences, with repetitions.
    events: Vec<&'static str>,
    /// Batches: events, and whether SES throttles during the batch.
    batches: Vec<(Vec<Index>, bool)>,
    /// Number of batches before the contact data arrive.
    unknown: usize,
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let histories = prop_oneof![
        1 => (1..3_usize).prop_map(|rejected| [REJECTED].repeat(rejected)),
        1 => (1..4_usize).prop_map(|confirmed| [CONFIRMED].repeat(confirmed)),
        4 => (0..3_usize, 1..3_usize).prop_map(|(confirmed, cancelled)| [
            [CONFIRMED].repeat(confirmed),
            [CANCELLED].repeat(cancelled)
        ]
        .concat()),
    ];
    let batches = vec((vec(any::<Index>(), 1..4), any::<bool>()), 1..7);
    (histories, batches, 0..4_usize).prop_map(|(events, batches, unknown)| Schedule { events, batches, unknown })
}

async fn run(notification: &Notification, ses: &Ses, schedule: &Schedule) {
    let (customer, order_id) = (Customer::new(), OrderId::generate());
    let event = |(sequence, kind): (u64, &&str)| match *kind {
        CONFIRMED => customer.confirmed_at(order_id, sequence),
        CANCELLED => customer.cancelled_at(order_id, sequence, CancellationReason::StockLost),
        _ => customer.rejected_at(order_id, sequence, RejectionReason::OutOfStock),
    };
    let events: Vec<Envelope> = (2..).zip(&schedule.events).map(event).collect();
    let contact = customer.moved_to(&customer.contact.email, 1);
    ses.subjects.lock().unwrap().clear();

    // Events that the queue still has: those that were not delivered, or have to be delivered again.
    let mut queued: BTreeSet<usize> = (0..events.len()).collect();
    let (mut is_known, mut is_cancelled) = (false, false);
    for (at, (batch, is_throttled)) in schedule.batches.iter().enumerate() {
        if at >= schedule.unknown && !is_known {
            ses.throttle(false);
            assert!(deliver(notification, &[&contact]).await.is_empty());
            is_known = true;
        }
        ses.throttle(*is_throttled);
        let batch: Vec<usize> = batch.iter().map(|index| index.index(events.len())).collect();
        let sent_before = ses.subjects().len();
        let later = deliver(notification, &batch.iter().map(|index| &events[*index]).collect::<Vec<_>>()).await;
        for (position, index) in batch.iter().enumerate() {
            if later.contains(&position) {
                queued.insert(*index)
            } else {
                queued.remove(index)
            };
        }
        let contradicts = ses.subjects()[sent_before..].contains(&CONFIRMED.to_owned());
        assert!(!(is_cancelled && contradicts), "the cancellation was known");
        is_cancelled |= is_known && batch.iter().any(|index| schedule.events[*index] == CANCELLED);
    }
    ses.throttle(false);
    assert!(deliver(notification, &[&contact]).await.is_empty());
    let sent_before = ses.subjects().len();
    // The oldest first: the worst order, if a newer event is known.
    while let Some(index) = queued.pop_first() {
        assert!(deliver(notification, &[&events[index]]).await.is_empty());
    }
    let contradicts = ses.subjects()[sent_before..].contains(&CONFIRMED.to_owned());
    assert!(!(is_cancelled && contradicts), "the cancellation was known");

    let sent = ses.subjects();
    let last = *schedule.events.last().unwrap();
    assert_eq!(sent.iter().filter(|subject| *subject == last).count(), 1, "the last state is announced once: {sent:?}");
    assert_eq!(sent.last().unwrap(), last, "and is the last message");
    assert!(sent.len() <= 2 && sent.iter().all(|subject| schedule.events.contains(&subject.as_str())), "{sent:?}");
}

#[test]
fn every_order_of_arrival_announces_the_last_state_once_and_never_contradicts_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (notification, ses) = runtime.block_on(Ses::start());
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) });
    let outcome = runner.run(&schedules(), |schedule| {
        runtime.block_on(run(&notification, &ses, &schedule));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
