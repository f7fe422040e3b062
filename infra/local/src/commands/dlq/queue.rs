//! A queue with dead letters, its messages, and their way back.

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName as SystemAttribute, QueueAttributeName,
};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Envelope, outbox};
use serde_json::Value;
use stack::topology::{Topology, Trigger};

/// Time for which received messages are hidden from other readers, in seconds.
const HIDDEN: i32 = 120;
/// Number of messages per call: the limit of SQS.
const BATCH: usize = 10;
/// Deviation of the time at which Lambda received a record from the time of its item.
const DEVIATION: TimeDelta = TimeDelta::minutes(5);

/// A queue with dead letters, by the names of the topology.
#[derive(Debug, Clone)]
pub struct Dead {
    pub name: String,
    source: Source,
    /// The function or service that has logged why.
    pub program: String,
    pub is_function: bool,
}

#[derive(Debug, Clone)]
enum Source {
    /// A queue, with messages that its consumer rejected or received too often.
    Queue(String),
    /// The relay to a topic, with events that it could not publish.
    Relay { topic: String },
}

impl Dead {
    /// The queue or the topic that messages are redriven to.
    pub fn destination(&self) -> &str {
        match &self.source {
            Source::Queue(name) | Source::Relay { topic: name } => name,
        }
    }
}

/// All queues with dead letters.
pub fn all(topology: &Topology) -> Vec<Dead> {
    let of_queues = topology.queues.iter().map(|queue| Dead {
        name: queue.dead_letter_name(),
        source: Source::Queue(queue.name.clone()),
        program: queue.consumer.clone(),
        is_function: topology.function(&queue.consumer).is_some(),
    });
    let of_relays = topology.functions.iter().filter_map(|function| {
        let Trigger::Stream { table, .. } = &function.trigger else { return None };
        let source = Source::Relay { topic: topology.table(table)?.topic.clone()? };
        Some(Dead { name: function.failure_queue_name()?, source, program: function.name.clone(), is_function: true })
    });
    of_queues.chain(of_relays).collect()
}

/// The queue with the dead letters of the queue or relay `name`, or with this name itself.
pub fn find(topology: &Topology, name: &str) -> Result<Dead> {
    let matches = |dead: &Dead| match &dead.source {
        Source::Queue(queue) => name == queue || name == dead.name,
        Source::Relay { .. } => name == dead.program || name == dead.name,
    };
    let found = all(topology).into_iter().find(matches);
    found.with_context(|| {
        let names: String = all(topology).iter().map(|dead| format!("\n  {}", dead.name)).collect();
        format!("there is no queue `{name}`. Queues with dead letters:{names}")
    })
}

/// An AWS account or a local stack, and the prefix of the names in it.
#[derive(Debug)]
pub struct Account {
    pub config: SdkConfig,
    pub prefix: String,
}

/// A dead letter.
#[derive(Debug)]
pub struct Letter {
    message: Message,
    event: Value,
}

impl Letter {
    fn new(message: Message) -> Self {
        let event = serde_json::from_str(message.body().unwrap_or_default()).unwrap_or_default();
        Self { message, event }
    }

    pub fn id(&self) -> &str {
        self.message.message_id().unwrap_or_default()
    }

    pub fn body(&self) -> &str {
        self.message.body().unwrap_or_default()
    }

    /// The body, indented if it is JSON.
    pub fn pretty(&self) -> String {
        if self.event.is_null() { self.body().to_owned() } else { format!("{:#}", self.event) }
    }

    pub fn event_id(&self) -> Option<&str> {
        self.event["id"].as_str()
    }

    pub fn trace_id(&self) -> Option<&str> {
        self.event["traceparent"].as_str()?.split('-').nth(1)
    }

    /// True for an event of a known type.
    pub fn is_readable(&self) -> bool {
        serde_json::from_str::<Envelope>(self.body()).is_ok()
    }

    /// The type of the event.
    pub fn kind(&self) -> &str {
        let other = if self.event["DDBStreamBatchInfo"].is_object() { "records of a stream" } else { "no event" };
        self.event["type"].as_str().unwrap_or(other)
    }

    /// The reason as the consumer or the relay has set it.
    pub fn reason(&self) -> &str {
        let reason = self.message.message_attributes().and_then(|attributes| attributes.get("reason")?.string_value());
        reason.unwrap_or("no reason: too many receives or too old")
    }

    pub fn receives(&self) -> &str {
        self.system_attribute(&SystemAttribute::ApproximateReceiveCount).unwrap_or("?")
    }

    pub fn sent_at(&self) -> Option<DateTime<Utc>> {
        let milliseconds = self.system_attribute(&SystemAttribute::SentTimestamp)?;
        DateTime::from_timestamp_millis(milliseconds.parse().ok()?)
    }

    fn system_attribute(&self, name: &SystemAttribute) -> Option<&str> {
        self.message.attributes()?.get(name).map(String::as_str)
    }
}

/// A queue with dead letters in an account.
#[derive(Debug)]
pub struct Queue {
    pub dead: Dead,
    pub prefix: String,
    config: SdkConfig,
    sqs: aws_sdk_sqs::Client,
    url: String,
    /// URL of the queue, or ARN of the topic.
    destination: String,
}

impl Queue {
    pub async fn open(account: &Account, dead: Dead) -> Result<Self> {
        let Account { config, prefix } = account;
        let sqs = aws_sdk_sqs::Client::new(config);
        let url = url(&sqs, &format!("{prefix}{}", dead.name)).await?;
        let mut destination = format!("{prefix}{}", dead.destination());
        if let Source::Queue(_) = dead.source {
            destination = self::url(&sqs, &destination).await?;
        } else {
            let name = QueueAttributeName::QueueArn;
            let output = sqs.get_queue_attributes().queue_url(&url).attribute_names(name.clone()).send().await?;
            let arn = output.attributes().and_then(|attributes| attributes.get(&name)?.rsplit_once(':'));
            destination = format!("{}:{destination}", arn.context("no ARN")?.0.replacen(":sqs:", ":sns:", 1));
        }
        Ok(Self { dead, prefix: prefix.clone(), config: config.clone(), sqs, url, destination })
    }

    /// Number of messages, including those that are hidden.
    pub async fn count(&self) -> Result<usize> {
        let attributes = self.sqs.get_queue_attributes().queue_url(&self.url);
        let attributes = attributes.attribute_names(QueueAttributeName::ApproximateNumberOfMessages);
        let attributes = attributes.attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
        let counts = attributes.send().await?.attributes.unwrap_or_default().into_values();
        Ok(counts.filter_map(|count| count.parse::<usize>().ok()).sum())
    }

    /// Receives at most 10 messages, and hides them. Waits up to `seconds` for the first.
    pub async fn receive(&self, seconds: u64) -> Result<Vec<Letter>> {
        let receive = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(BATCH as i32);
        let receive = receive.wait_time_seconds(seconds.clamp(1, 20) as i32).visibility_timeout(HIDDEN);
        let receive = receive.message_system_attribute_names(SystemAttribute::All).message_attribute_names("All");
        Ok(receive.send().await?.messages.unwrap_or_default().into_iter().map(Letter::new).collect())
    }

    /// Makes messages visible again.
    pub async fn release(&self, letters: &[Letter]) -> Result<()> {
        for batch in letters.chunks(BATCH) {
            let entries = batch.iter().enumerate().map(|(index, letter)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
                entry.set_receipt_handle(letter.message.receipt_handle.clone()).visibility_timeout(0).build()
            });
            let entries = entries.collect::<Result<_, _>>()?;
            self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries)).send().await?;
        }
        Ok(())
    }

    pub async fn delete(&self, letters: &[Letter]) -> Result<()> {
        for batch in letters.chunks(BATCH) {
            let entries = batch.iter().enumerate().map(|(index, letter)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.set_receipt_handle(letter.message.receipt_handle.clone()).build()
            });
            let entries = entries.collect::<Result<_, _>>()?;
            let deleted =
                self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await?;
            ensure!(deleted.failed.is_empty(), "{} messages could not be deleted", deleted.failed.len());
        }
        Ok(())
    }

    /// Sends a message to its queue, or publishes the events of a relay. Returns the number of events.
    ///
    /// An event is published from the message, not by a change of its outbox item: that item is deleted after seven
    /// days, the message after 14, and tables are written by their owners only.
    pub async fn send(&self, letter: &Letter) -> Result<usize> {
        if let Source::Relay { .. } = self.dead.source {
            let batch = &letter.event["DDBStreamBatchInfo"];
            if batch.is_object() {
                return self.publish_outbox(batch).await;
            }
            let is_event = letter.event_id().is_some() && letter.event["type"].is_string();
            ensure!(is_event, "no event: correct its item in the table, and the relay publishes it");
            return self.publish(letter.body(), letter.kind()).await;
        }
        let mut attributes = letter.message.message_attributes.clone().unwrap_or_default();
        attributes.remove("reason");
        let send = self.sqs.send_message().queue_url(&self.destination).message_body(letter.body());
        send.set_message_attributes(Some(attributes)).send().await?;
        Ok(1)
    }

    /// Publishes the outbox items of the time at which Lambda received the records that it has given up. It names them
    /// by sequence numbers of the stream, which no longer has them. Reads the whole table.
    async fn publish_outbox(&self, batch: &Value) -> Result<usize> {
        let time = |name: &str| anyhow::Ok(batch[name].as_str().context(name.to_owned())?.parse::<DateTime<Utc>>()?);
        let (from, until) = (time("approximateArrivalOfFirstRecord")?, time("approximateArrivalOfLastRecord")?);
        let table = batch["streamArn"].as_str().and_then(|arn| arn.split('/').nth(1)).context("no table")?;
        let expiry = |time: DateTime<Utc>| AttributeValue::N((time + outbox::RETENTION).timestamp().to_string());
        let scan = aws_sdk_dynamodb::Client::new(&self.config).scan().table_name(table);
        let mut items = scan
            .filter_expression("sk = :outbox AND expires_at BETWEEN :from AND :until")
            .expression_attribute_values(":outbox", AttributeValue::S("OUTBOX".to_owned()))
            .expression_attribute_values(":from", expiry(from - DEVIATION))
            .expression_attribute_values(":until", expiry(until + DEVIATION))
            .into_paginator()
            .items()
            .send();
        let mut published = 0;
        while let Some(item) = items.next().await.transpose()? {
            let text = |name| item.get(name).and_then(|value| value.as_s().ok());
            let (Some(event), Some(kind)) = (text("event"), text("event_type")) else { continue };
            published += self.publish(event, kind).await?;
        }
        ensure!(published > 0, "{table} has no outbox items from {from} to {until}: they are kept for seven days");
        Ok(published)
    }

    async fn publish(&self, event: &str, kind: &str) -> Result<usize> {
        let attribute = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String").string_value(kind);
        let publish = aws_sdk_sns::Client::new(&self.config).publish().topic_arn(&self.destination).message(event);
        publish.message_attributes("type", attribute.build()?).send().await?;
        Ok(1)
    }
}

async fn url(sqs: &aws_sdk_sqs::Client, name: &str) -> Result<String> {
    let output = sqs.get_queue_url().queue_name(name).send().await;
    let output = output.with_context(|| format!("cannot find the queue {name}"))?;
    output.queue_url.with_context(|| format!("the queue {name} has no URL"))
}
