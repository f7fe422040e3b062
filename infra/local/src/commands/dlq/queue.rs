//! A dead-letter queue, its messages, and the way back.

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName as SystemAttribute, QueueAttributeName,
};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::outbox;
use serde_json::Value;
use stack::topology::{Topology, Trigger};

/// Time for which received messages are hidden from other readers, in seconds.
const HIDDEN: i32 = 120;
/// Number of messages per call: the limit of SQS.
const BATCH: usize = 10;
/// Deviation of the time at which Lambda saw a record from the time of its item.
const DEVIATION: TimeDelta = TimeDelta::minutes(5);

/// A queue with dead letters, by the names of the topology.
#[derive(Debug, Clone)]
pub struct Dead {
    pub name: String,
    pub source: Source,
    /// The function or service whose log explains the dead letters.
    pub program: String,
    pub is_function: bool,
}

/// Origin of dead letters, and their destination when they are redriven.
#[derive(Debug, Clone)]
pub enum Source {
    /// A queue, whose consumer rejected a message, or received it `receives` times.
    Queue { name: String, receives: u32 },
    /// The relay of a table's outbox, which could not publish an event to the topic.
    Relay { topic: String },
}

/// All queues with dead letters: of queues, then of relays.
pub fn all(topology: &Topology) -> Result<Vec<Dead>> {
    let of_queues = topology.queues.iter().map(|queue| {
        let source = Source::Queue { name: queue.name.clone(), receives: queue.max_receive_count };
        let is_function = topology.function(&queue.consumer).is_some();
        Ok(Dead { name: queue.dead_letter_name(), source, program: queue.consumer.clone(), is_function })
    });
    let of_relays = topology.functions.iter().filter_map(|function| {
        let Trigger::Stream { table, .. } = &function.trigger else { return None };
        let topic = topology.table(table).and_then(|table| table.topic.clone());
        Some(topic.context("a stream without a topic").and_then(|topic| {
            let name = function.failure_queue_name().context("a stream without a failure queue")?;
            Ok(Dead { name, source: Source::Relay { topic }, program: function.name.clone(), is_function: true })
        }))
    });
    of_queues.chain(of_relays).collect()
}

/// The dead letters of `name`: a queue, a relay, or the queue with the dead letters themselves.
pub fn find(topology: &Topology, name: &str) -> Result<Dead> {
    let all = all(topology)?;
    let names = all.iter().map(|dead| format!("  {}", dead.name)).collect::<Vec<_>>().join("\n");
    let matches = |dead: &Dead| match &dead.source {
        Source::Queue { name: queue, .. } => name == queue || name == dead.name,
        Source::Relay { .. } => name == dead.program || name == dead.name,
    };
    all.into_iter().find(matches).with_context(|| format!("there is no queue `{name}`. Queues with dead letters:\n{names}"))
}

/// An AWS account or a local stack, and the prefix of its names.
#[derive(Debug, Clone)]
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
        let pretty = serde_json::to_string_pretty(&self.event).ok().filter(|_| !self.event.is_null());
        pretty.unwrap_or_else(|| self.body().to_owned())
    }

    pub fn event_id(&self) -> Option<&str> {
        self.event["id"].as_str()
    }

    pub fn trace_id(&self) -> Option<&str> {
        self.event["traceparent"].as_str()?.split('-').nth(1)
    }

    /// The type of the event, or what the message is instead.
    pub fn kind(&self) -> &str {
        match self.event["type"].as_str() {
            Some(kind) => kind,
            None if self.event["DDBStreamBatchInfo"].is_object() => "records of a stream",
            None => "no event",
        }
    }

    /// The reason that the consumer or the relay has set.
    pub fn reason(&self) -> Option<&str> {
        self.message.message_attributes()?.get("reason")?.string_value()
    }

    fn system(&self, name: SystemAttribute) -> Option<&str> {
        self.message.attributes()?.get(&name).map(String::as_str)
    }

    pub fn receives(&self) -> &str {
        self.system(SystemAttribute::ApproximateReceiveCount).unwrap_or("?")
    }

    pub fn sent_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.system(SystemAttribute::SentTimestamp)?.parse().ok()?)
    }
}

/// A queue with dead letters in an account.
#[derive(Debug)]
pub struct Queue {
    pub dead: Dead,
    pub account: Account,
    sqs: aws_sdk_sqs::Client,
    sns: aws_sdk_sns::Client,
    url: String,
    /// URL of the queue, or ARN of the topic.
    destination: String,
}

impl Queue {
    pub async fn open(account: &Account, dead: Dead) -> Result<Self> {
        let (sqs, prefix) = (aws_sdk_sqs::Client::new(&account.config), &account.prefix);
        let url = url(&sqs, &format!("{prefix}{}", dead.name)).await?;
        let destination = match &dead.source {
            Source::Queue { name, .. } => self::url(&sqs, &format!("{prefix}{name}")).await?,
            Source::Relay { topic } => {
                let arn = QueueAttributeName::QueueArn;
                let output = sqs.get_queue_attributes().queue_url(&url).attribute_names(arn.clone()).send().await?;
                let arn = output.attributes().and_then(|attributes| attributes.get(&arn)).context("a queue without ARN")?;
                let (account, _) = arn.rsplit_once(':').context("an ARN without a name")?;
                format!("{}:{prefix}{topic}", account.replacen(":sqs:", ":sns:", 1))
            }
        };
        let sns = aws_sdk_sns::Client::new(&account.config);
        Ok(Self { dead, account: account.clone(), sqs, sns, url, destination })
    }

    /// Number of messages, including those that another reader has received and not yet deleted.
    pub async fn count(&self) -> Result<u64> {
        use QueueAttributeName::{ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as Hidden};
        let attributes = self.sqs.get_queue_attributes().queue_url(&self.url);
        let output = attributes.attribute_names(Visible).attribute_names(Hidden).send().await?;
        Ok(output.attributes.unwrap_or_default().values().filter_map(|count| count.parse::<u64>().ok()).sum())
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

    /// Deletes messages.
    pub async fn delete(&self, letters: &[Letter]) -> Result<()> {
        for batch in letters.chunks(BATCH) {
            let entries = batch.iter().enumerate().map(|(index, letter)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.set_receipt_handle(letter.message.receipt_handle.clone()).build()
            });
            let entries = entries.collect::<Result<_, _>>()?;
            let deleted = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await?;
            ensure!(deleted.failed.is_empty(), "{} messages could not be deleted", deleted.failed.len());
        }
        Ok(())
    }

    /// Sends a message to its queue, or publishes the events of a relay. Returns the number of events.
    ///
    /// An event is published from the message, without the table: its outbox item is deleted after seven days, the
    /// message after 14, and only the relay's owner writes to the table.
    pub async fn send(&self, letter: &Letter) -> Result<usize> {
        if let Source::Relay { .. } = &self.dead.source {
            return self.publish_again(letter).await;
        }
        let mut attributes = letter.message.message_attributes.clone().unwrap_or_default();
        attributes.remove("reason");
        let send = self.sqs.send_message().queue_url(&self.destination).message_body(letter.body());
        send.set_message_attributes(Some(attributes)).send().await?;
        Ok(1)
    }

    async fn publish_again(&self, letter: &Letter) -> Result<usize> {
        let batch = &letter.event["DDBStreamBatchInfo"];
        if batch.is_object() {
            return self.publish_outbox(batch).await;
        }
        let is_event = letter.event_id().is_some() && letter.event["type"].is_string();
        ensure!(is_event, "no event: correct its item in the table, and the relay publishes it");
        self.publish(letter.body(), letter.kind()).await?;
        Ok(1)
    }

    /// Publishes the outbox items that were written while Lambda saw the records which it has given up. It names them by
    /// sequence numbers, and the stream has deleted them by then. Reads the whole table.
    async fn publish_outbox(&self, batch: &Value) -> Result<usize> {
        let time = |name: &str| anyhow::Ok(batch[name].as_str().context(name.to_owned())?.parse::<DateTime<Utc>>()?);
        let (from, until) = (time("approximateArrivalOfFirstRecord")?, time("approximateArrivalOfLastRecord")?);
        let table = batch["streamArn"].as_str().and_then(|arn| arn.split('/').nth(1)).context("no table")?;
        let expiry = |time: DateTime<Utc>| AttributeValue::N((time + outbox::RETENTION).timestamp().to_string());
        let scan = aws_sdk_dynamodb::Client::new(&self.account.config).scan().table_name(table);
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
            self.publish(event, kind).await?;
            published += 1;
        }
        ensure!(published > 0, "{table} has no outbox items from {from} to {until}: they are kept for seven days");
        Ok(published)
    }

    async fn publish(&self, event: &str, kind: &str) -> Result<()> {
        let attribute = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String").string_value(kind);
        let publish = self.sns.publish().topic_arn(&self.destination).message(event);
        publish.message_attributes("type", attribute.build()?).send().await?;
        Ok(())
    }
}

async fn url(sqs: &aws_sdk_sqs::Client, name: &str) -> Result<String> {
    let output = sqs.get_queue_url().queue_name(name).send().await.with_context(|| format!("cannot find the queue {name}"))?;
    output.queue_url.with_context(|| format!("the queue {name} has no URL"))
}
