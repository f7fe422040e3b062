//! The handler against a real topic.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::collections::BTreeSet;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use contracts::{
    Envelope, EventId, OrderId, PaymentId,
    event::{Event as ShopEvent, order::VoidRequested},
    outbox::OutboxItem,
};
use outbox_relay::{Topic, events::handle_batch};
use serde_dynamo::AttributeValue;
use stack::testing::{self, TopicProbe, eventually};

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

async fn topic() -> (Topic, TopicProbe) {
    let aws = testing::aws().await;
    let probe = aws.create_topic().await;
    (Topic::new(aws_sdk_sns::Client::new(&aws.sdk_config()), probe.arn.clone()), probe)
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

/// The sequence number that Lambda retries from.
async fn retried_from(topic: &Topic, records: Vec<EventRecord>) -> Option<String> {
    let response = handle_batch(topic, batch(records)).await.unwrap();
    assert!(response.batch_item_failures.len() <= 1);
    response.batch_item_failures.into_iter().next().and_then(|failure| failure.item_identifier)
}

#[tokio::test]
async fn a_full_batch_is_published_unchanged() {
    let (topic, probe) = topic().await;
    let sent: Vec<Envelope> = (0..100).map(|_| envelope()).collect();
    let records = sent.iter().enumerate().map(|(at, envelope)| record(at, envelope)).collect();

    assert_eq!(retried_from(&topic, records).await, None);

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
    let (topic, probe) = topic().await;
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
    handle_batch(&topic, batch(vec![other, record(3, &matching)])).await.unwrap();

    let bodies = eventually("the matching event passes the filter", LIMIT, async || {
        let received = sqs.receive_message().queue_url(&queue_url).max_number_of_messages(10).send().await.unwrap();
        let bodies: Vec<String> = received.messages().iter().filter_map(|message| message.body.clone()).collect();
        (!bodies.is_empty()).then_some(bodies)
    })
    .await;
    assert_eq!(bodies, [matching.to_json()]);
}

#[tokio::test]
async fn an_event_that_sns_refuses_is_reported_and_all_others_are_published() {
    let (topic, probe) = topic().await;
    let sent: Vec<Envelope> = (0..25).map(|_| envelope()).collect();
    let mut records: Vec<EventRecord> = sent.iter().enumerate().map(|(at, envelope)| record(at, envelope)).collect();
    replace(&mut records[12], "event", AttributeValue::S("x".repeat(300_000)));

    assert_eq!(retried_from(&topic, records).await.as_deref(), Some("12"));

    let others = [&sent[..12], &sent[13..]].concat();
    assert_eq!(arrived(&probe, &others).await.len(), 24);
}

#[tokio::test]
async fn an_unreadable_record_is_reported_and_all_others_are_published() {
    let (topic, probe) = topic().await;
    let sent = [envelope(), envelope(), envelope()];
    let mut records: Vec<EventRecord> = sent.iter().enumerate().map(|(at, envelope)| record(at, envelope)).collect();
    replace(&mut records[1], "event", AttributeValue::N("7".to_owned()));

    assert_eq!(retried_from(&topic, records).await.as_deref(), Some("1"));

    let others = [sent[0].clone(), sent[2].clone()];
    assert_eq!(arrived(&probe, &others).await.len(), 2);
}

#[tokio::test]
async fn an_unreadable_record_alone_in_its_batch_is_reported() {
    let (topic, _probe) = topic().await;
    let mut poison = record(7, &envelope());
    poison.change.new_image.remove("event_type");

    assert_eq!(retried_from(&topic, vec![poison]).await.as_deref(), Some("7"));
}

#[tokio::test]
async fn other_items_and_deletions_are_skipped() {
    let (topic, probe) = topic().await;
    let sent = envelope();
    let mut state = record(0, &envelope());
    state.change.new_image.remove("event");
    let mut deletion = record(1, &envelope());
    deletion.change.new_image.clear();

    assert_eq!(retried_from(&topic, vec![state, deletion, record(2, &sent)]).await, None);

    assert_eq!(arrived(&probe, std::slice::from_ref(&sent)).await, [sent]);
}

#[tokio::test]
async fn a_retried_record_is_published_again_unchanged() {
    let (topic, probe) = topic().await;
    let sent = envelope();

    for _ in 0..2 {
        assert_eq!(retried_from(&topic, vec![record(0, &sent)]).await, None);
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
    let (_, probe) = topic().await;
    let gone = Topic::new(aws_sdk_sns::Client::new(&aws.sdk_config()), format!("{}-gone", probe.arn));

    let outage = handle_batch(&gone, batch(vec![record(0, &envelope()), record(1, &envelope())])).await.unwrap_err();

    assert!(outage.is_retryable(), "{outage}");
}

#[tokio::test]
async fn a_batch_in_the_form_of_lambda_is_read() {
    let (topic, probe) = topic().await;
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

    let response = handle_batch(&topic, serde_json::from_value(json).unwrap()).await.unwrap();

    assert!(response.batch_item_failures.is_empty());
    assert_eq!(arrived(&probe, std::slice::from_ref(&sent)).await, [sent]);
}
