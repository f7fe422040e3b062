//! The handler against a real topic.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::collections::BTreeSet;

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::DynamoDbEventResponse,
};
use axum::{Router, http::StatusCode};
use contracts::{
    Envelope, EventId, OrderId, PaymentId,
    event::{Event as ShopEvent, order::VoidRequested},
    outbox::OutboxItem,
};
use outbox_relay::{Error, FailureQueue, Topic, events::handle_batch};
use serde_dynamo::AttributeValue;
use stack::testing::{self, TopicProbe, eventually};
use tokio::net::TcpListener;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// An event as a service writes it to its outbox.
fn envelope() -> Envelope {
    let order_id = OrderId::generate();
    let time = chrono::DateTime::from_timestamp_millis(1_790_000_000_000).unwrap();
    let event = ShopEvent::VoidRequested(VoidRequested { order_id, payment_id: PaymentId::generate() });
    Envelope::new(EventId::generate(), order_id, 3, time, event)
}

/// The stream record of the outbox item of `envelope`.
fn record(sequence_number: usize, envelope: &Envelope) -> EventRecord {
    let item = OutboxItem::new(envelope, envelope.time);
    let mut record = EventRecord::default();
    record.event_source_arn = Some("arn:aws:dynamodb:eu-central-1:123456789012:table/order/stream/label".to_owned());
    record.change.sequence_number = Some(sequence_number.to_string());
    record.change.new_image = serde_dynamo::to_item(item).unwrap();
    record.change.keys = record.change.new_image.clone();
    record.change.keys.retain(|name, _| name == "pk" || name == "sk");
    record
}

fn replace(record: &mut EventRecord, attribute: &str, value: AttributeValue) {
    record.change.new_image.insert(attribute.to_owned(), value);
}

fn batch(records: Vec<EventRecord>) -> Event {
    let mut event = Event::default();
    event.records = records;
    event
}

/// A relay with a topic and a failure queue of its own.
struct Relay {
    topic: Topic,
    failures: FailureQueue,
    failures_url: String,
    sqs: aws_sdk_sqs::Client,
}

impl Relay {
    async fn start() -> (Self, TopicProbe) {
        let aws = testing::aws().await;
        let (probe, failures_url) = (aws.create_topic().await, aws.create_queue("payment-inbox").await);
        let topic = Topic::new(aws_sdk_sns::Client::new(&aws.sdk_config()), probe.arn.clone());
        let sqs = aws_sdk_sqs::Client::new(&aws.sdk_config());
        (Self { topic, failures: FailureQueue::new(sqs.clone(), failures_url.clone()), failures_url, sqs }, probe)
    }

    async fn handle(&self, records: Vec<EventRecord>) -> Result<DynamoDbEventResponse, Error> {
        handle_batch(&self.topic, &self.failures, batch(records)).await
    }

    /// The sequence number that Lambda retries from.
    async fn retried_from(&self, records: Vec<EventRecord>) -> Option<String> {
        let response = self.handle(records).await.unwrap();
        assert!(response.batch_item_failures.len() <= 1);
        response.batch_item_failures.into_iter().next().and_then(|failure| failure.item_identifier)
    }

    /// Takes the bodies of the parked records, with reason, table and sequence number.
    async fn parked(&self) -> Vec<(String, [String; 3])> {
        let receive = self.sqs.receive_message().queue_url(&self.failures_url).max_number_of_messages(10);
        let received = receive.message_attribute_names("All").wait_time_seconds(0).send().await.unwrap();
        let parked = received.messages().iter().map(|message| {
            let attributes = message.message_attributes().unwrap();
            let attribute = |name: &str| attributes[name].string_value().unwrap().to_owned();
            (message.body().unwrap().to_owned(), ["reason", "table", "sequence_number"].map(attribute))
        });
        parked.collect()
    }
}

/// Waits until all of `expected` have arrived, and returns all that did.
async fn arrived(probe: &TopicProbe, expected: &[Envelope]) -> Vec<Envelope> {
    let expected: BTreeSet<EventId> = expected.iter().map(|envelope| envelope.id).collect();
    eventually("all events arrive", LIMIT, async || {
        let published = probe.published().await;
        let ids: BTreeSet<EventId> = published.iter().map(|envelope| envelope.id).collect();
        expected.is_subset(&ids).then_some(published)
    })
    .await
}

#[tokio::test]
async fn a_full_batch_is_published_unchanged() {
    let (relay, probe) = Relay::start().await;
    let sent: Vec<Envelope> = (0..100).map(|_| envelope()).collect();
    let records = sent.iter().enumerate().map(|(at, envelope)| record(at, envelope)).collect();

    assert_eq!(relay.retried_from(records).await, None);

    let published = arrived(&probe, &sent).await;
    assert_eq!(published.len(), 100);
    for envelope in &sent {
        // The whole envelope, including the trace of the request that caused it.
        assert!(published.contains(envelope), "{} is changed", envelope.id);
    }
}

#[tokio::test]
async fn subscriptions_can_filter_by_the_type_of_the_event() {
    let aws = testing::aws().await;
    let (relay, probe) = Relay::start().await;
    let queue_url = aws.create_queue("payment-inbox").await;
    let sqs = aws_sdk_sqs::Client::new(&aws.sdk_config());
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(&queue_url)
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn)
        .send()
        .await
        .unwrap();
    let queue_arn = &attributes.attributes().unwrap()[&aws_sdk_sqs::types::QueueAttributeName::QueueArn];
    aws_sdk_sns::Client::new(&aws.sdk_config())
        .subscribe()
        .topic_arn(&probe.arn)
        .protocol("sqs")
        .endpoint(queue_arn)
        .attributes("RawMessageDelivery", "true")
        .attributes("FilterPolicy", r#"{"type": ["shop.order.void_requested.v1"]}"#)
        .send()
        .await
        .unwrap();

    let (matching, mut other) = (envelope(), record(2, &envelope()));
    replace(&mut other, "event_type", AttributeValue::S("shop.order.placed.v1".to_owned()));
    relay.handle(vec![other, record(3, &matching)]).await.unwrap();

    let bodies = eventually("the matching event passes the filter", LIMIT, async || {
        let received = sqs.receive_message().queue_url(&queue_url).max_number_of_messages(10).send().await.unwrap();
        let bodies: Vec<String> = received.messages().iter().filter_map(|message| message.body.clone()).collect();
        (!bodies.is_empty()).then_some(bodies)
    })
    .await;
    assert_eq!(bodies, [matching.to_json()]);
}

#[tokio::test]
async fn an_event_that_sns_refuses_is_parked_and_all_others_are_published() {
    let (relay, probe) = Relay::start().await;
    let sent: Vec<Envelope> = (0..25).map(|_| envelope()).collect();
    let mut records: Vec<EventRecord> = sent.iter().enumerate().map(|(at, envelope)| record(at, envelope)).collect();
    replace(&mut records[12], "event", AttributeValue::S("x".repeat(300_000)));

    assert_eq!(relay.retried_from(records).await, None);

    let others = [&sent[..12], &sent[13..]].concat();
    assert_eq!(arrived(&probe, &others).await.len(), 24);
    let parked = relay.parked().await;
    let [(body, [reason, table, sequence_number])] = &parked[..] else { panic!("{parked:?}") };
    let key = format!(r#"{{"S":"EVENT#{}"}}"#, sent[12].id);
    assert!(body.contains(&key), "too long for the queue as well, so the key: {body}");
    assert!(reason.starts_with("SNS refused the event: "), "{reason}");
    assert_eq!((table.as_str(), sequence_number.as_str()), ("order", "12"));
}

#[tokio::test]
async fn an_unreadable_record_is_parked_with_its_event_and_all_others_are_published() {
    let (relay, probe) = Relay::start().await;
    let sent = [envelope(), envelope(), envelope()];
    let mut records: Vec<EventRecord> = sent.iter().enumerate().map(|(at, envelope)| record(at, envelope)).collect();
    records[1].change.new_image.remove("event_type");

    assert_eq!(relay.retried_from(records).await, None);

    let others = [sent[0].clone(), sent[2].clone()];
    assert_eq!(arrived(&probe, &others).await.len(), 2);
    let parked = relay.parked().await;
    let [(body, [reason, ..])] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!(body, &sent[1].to_json());
    assert!(reason.starts_with("not an outbox item: "), "{reason}");
}

#[tokio::test]
async fn an_unreadable_record_alone_in_its_batch_is_parked() {
    let (relay, _probe) = Relay::start().await;
    let mut poison = record(7, &envelope());
    replace(&mut poison, "event", AttributeValue::N("7".to_owned()));

    assert_eq!(relay.retried_from(vec![poison]).await, None);

    let parked = relay.parked().await;
    assert_eq!(parked.len(), 1);
    assert!(parked[0].0.contains(r#""event":{"N":"7"}"#), "the item as JSON: {}", parked[0].0);
}

#[tokio::test]
async fn a_record_that_cannot_be_parked_is_retried() {
    let (mut relay, probe) = Relay::start().await;
    relay.failures = FailureQueue::new(relay.sqs.clone(), format!("{}-gone", relay.failures_url));
    let sent = envelope();
    let mut poison = record(1, &envelope());
    poison.change.new_image.remove("event_type");

    let records = vec![record(0, &sent), poison];
    assert_eq!(relay.retried_from(records).await.as_deref(), Some("1"));

    assert_eq!(arrived(&probe, std::slice::from_ref(&sent)).await, [sent]);
}

/// A server in the place of SNS: refuses a call for an event with `refused` in its text, cannot publish one with
/// `unavailable` this time, and accepts all others.
async fn scripted_topic() -> Topic {
    let respond = async |body: String| {
        let entries: Vec<&str> = body.split("Message=").skip(1).collect();
        let error = |code: &str| {
            let xml = format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>");
            (StatusCode::BAD_REQUEST, xml)
        };
        if entries.iter().any(|entry| entry.contains("refused")) {
            return error("InvalidParameter");
        }
        let failed = entries.iter().enumerate().filter(|(_, entry)| entry.contains("unavailable")).map(|(at, _)| {
            format!("<member><Id>{at}</Id><Code>InternalError</Code><SenderFault>true</SenderFault></member>")
        });
        let failed: String = failed.collect();
        let result = format!("<PublishBatchResult><Failed>{failed}</Failed></PublishBatchResult>");
        (StatusCode::OK, format!("<PublishBatchResponse>{result}</PublishBatchResponse>"))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new().fallback(respond)).into_future());
    let aws = testing::aws().await.sdk_config().to_builder().endpoint_url(endpoint).build();
    Topic::new(aws_sdk_sns::Client::new(&aws), "arn:aws:sns:us-east-1:000000000000:scripted".to_owned())
}

#[tokio::test]
async fn an_event_that_makes_sns_refuse_a_whole_call_is_found_and_parked_alone() {
    let (mut relay, _probe) = Relay::start().await;
    relay.topic = scripted_topic().await;
    let mut records: Vec<EventRecord> = (0..10).map(|at| record(at, &envelope())).collect();
    replace(&mut records[4], "event", AttributeValue::S("refused".to_owned()));

    assert_eq!(relay.retried_from(records).await, None);

    assert_eq!(relay.parked().await.into_iter().map(|(body, _)| body).collect::<Vec<_>>(), ["refused"]);
}

#[tokio::test]
async fn a_record_behind_the_one_to_retry_from_is_parked_once_by_the_last_attempt() {
    let (mut relay, _probe) = Relay::start().await;
    relay.topic = scripted_topic().await;
    let mut records: Vec<EventRecord> = (0..4).map(|at| record(at, &envelope())).collect();
    replace(&mut records[0], "event", AttributeValue::N("0".to_owned()));
    replace(&mut records[1], "event", AttributeValue::S("unavailable".to_owned()));
    replace(&mut records[3], "event", AttributeValue::N("3".to_owned()));
    let parked = async || {
        let parked = relay.parked().await.into_iter().map(|(_, [_, _, sequence_number])| sequence_number);
        parked.collect::<Vec<_>>()
    };

    assert_eq!(relay.retried_from(records.clone()).await.as_deref(), Some("1"));
    assert_eq!(parked().await, ["0"]);
    for _ in 0..2 {
        assert_eq!(relay.retried_from(records[1..].to_vec()).await.as_deref(), Some("1"));
        assert!(parked().await.is_empty());
    }
    records[1] = record(1, &envelope());
    assert_eq!(relay.retried_from(records[1..].to_vec()).await, None);
    assert_eq!(parked().await, ["3"]);
}

#[tokio::test]
async fn other_items_and_deletions_are_skipped() {
    let (relay, probe) = Relay::start().await;
    let sent = envelope();
    let mut state = record(0, &envelope());
    state.change.new_image.remove("event");
    let mut deletion = record(1, &envelope());
    deletion.change.new_image.clear();

    assert_eq!(relay.retried_from(vec![state, deletion, record(2, &sent)]).await, None);

    assert_eq!(arrived(&probe, std::slice::from_ref(&sent)).await, [sent]);
}

#[tokio::test]
async fn a_retried_record_is_published_again_unchanged() {
    let (relay, probe) = Relay::start().await;
    let sent = envelope();

    for _ in 0..2 {
        assert_eq!(relay.retried_from(vec![record(0, &sent)]).await, None);
    }

    let published = eventually("both arrive", LIMIT, async || {
        let published = probe.published().await;
        (published.len() == 2).then_some(published)
    })
    .await;
    assert_eq!(published, [sent.clone(), sent]);
}

#[tokio::test]
async fn an_unavailable_topic_fails_the_invocation_so_that_the_whole_batch_is_retried() {
    let aws = testing::aws().await;
    let (mut relay, probe) = Relay::start().await;
    relay.topic = Topic::new(aws_sdk_sns::Client::new(&aws.sdk_config()), format!("{}-gone", probe.arn));
    let mut poison = record(0, &envelope());
    poison.change.new_image.remove("event_type");

    let outage = relay.handle(vec![poison, record(1, &envelope())]).await.unwrap_err();

    assert!(outage.is_retryable(), "{outage}");
    assert!(relay.parked().await.is_empty(), "left to the retry");
}

#[tokio::test]
async fn a_batch_in_the_form_of_lambda_is_read() {
    let (relay, probe) = Relay::start().await;
    let sent = envelope();
    let json = serde_json::json!({ "Records": [{
        "eventID": "c81e728d9d4c2f636f067f89cc14862c",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_790_000_000,
            "Keys": { "pk": { "S": format!("EVENT#{}", sent.id) }, "sk": { "S": "OUTBOX" } },
            "NewImage": {
                "pk": { "S": format!("EVENT#{}", sent.id) },
                "sk": { "S": "OUTBOX" },
                "event_type": { "S": sent.event.kind() },
                "event": { "S": sent.to_json() },
                "expires_at": { "N": "1790604800" },
            },
            "SequenceNumber": "4421584500000000017450439092",
            "SizeBytes": 59,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/order/stream/2026-01-01T00:00:00.000",
    }]});

    let batch: Event = serde_json::from_value(json).unwrap();
    assert_eq!(relay.retried_from(batch.records).await, None);

    assert_eq!(arrived(&probe, std::slice::from_ref(&sent)).await, [sent]);
}
