//! Topics, queues with their dead-letter queues, and the subscriptions between them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::{
    aws_api::{AwsApi, elements, text},
    topology::{self, Function, Topology, dead_letter_name},
};

const SNS_VERSION: &str = "2010-03-31";

/// Retention of dead letters, in seconds: 14 days, the longest that SQS allows. A standard queue keeps the age of
/// the first enqueue, so this must be longer than the 4 days of the queue it comes from.
const DEAD_LETTER_RETENTION: u32 = 14 * 24 * 60 * 60;

/// The topics and queues of the topology.
#[derive(Debug, Clone)]
pub struct Messaging {
    topics: BTreeMap<String, String>,
    queues: BTreeMap<String, Queue>,
}

/// A queue in the emulated AWS. The URL of its dead-letter queue is the same with `-dlq` at its end.
#[derive(Debug, Clone)]
pub struct Queue {
    /// URL.
    pub url: String,
    /// ARN.
    pub arn: String,
}

impl Messaging {
    /// The ARN of a topic of the topology.
    pub fn topic_arn(&self, name: &str) -> Result<&str> {
        self.topics.get(name).map(String::as_str).with_context(|| format!("the topology has no topic {name}"))
    }

    /// A queue of the topology.
    pub fn queue(&self, name: &str) -> Result<&Queue> {
        self.queues.get(name).with_context(|| format!("the topology has no queue {name}"))
    }
}

/// Creates the topics, the queues, and the subscriptions between them.
pub async fn provision(config: &SdkConfig, topology: &Topology) -> Result<Messaging> {
    let aws = &AwsApi::of(config)?;
    let topics = topology.topics.iter().map(async |name| anyhow::Ok((name.clone(), topic(aws, name).await?)));
    let topics: BTreeMap<_, _> = try_join_all(topics).await?.into_iter().collect();
    let queues = topology.queues.iter().map(async |shape| {
        let queue = queue(aws, &shape.name, shape).await?;
        for subscription in &shape.subscriptions {
            let topic_arn = topics.get(&subscription.topic).context("a subscription to an unknown topic")?;
            subscribe(aws, topic_arn, &queue.arn, Some(&subscription.types)).await?;
        }
        anyhow::Ok((shape.name.clone(), queue))
    });
    let mut queues: BTreeMap<_, _> = try_join_all(queues).await?.into_iter().collect();
    for name in topology.functions.iter().filter_map(Function::failure_queue_name) {
        let queue = plain_queue(aws, &name, &dead_letter_attributes()).await?;
        queues.insert(name, queue);
    }
    Ok(Messaging { topics, queues })
}

/// Creates the topic `name` unless it exists, and returns its ARN.
pub async fn topic(aws: &AwsApi, name: &str) -> Result<String> {
    sns(aws, "CreateTopic", &[("Name", name)], "TopicArn").await
}

/// Creates or updates the queue `name`, shaped like `shape`, and its dead-letter queue.
pub async fn queue(aws: &AwsApi, name: &str, shape: &topology::Queue) -> Result<Queue> {
    let dead_letters = plain_queue(aws, &dead_letter_name(name), &dead_letter_attributes()).await?;
    let redrive = json!({ "deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": shape.max_receive_count });
    let attributes = json!({
        "VisibilityTimeout": shape.visibility_timeout_seconds.to_string(),
        "ReceiveMessageWaitTimeSeconds": "20",
        "RedrivePolicy": redrive.to_string(),
    });
    plain_queue(aws, name, &attributes).await
}

fn dead_letter_attributes() -> Value {
    json!({ "MessageRetentionPeriod": DEAD_LETTER_RETENTION.to_string() })
}

/// Creates or updates a queue. Its attributes are set by a separate call, because the creation of an existing queue
/// with other attributes fails.
pub async fn plain_queue(aws: &AwsApi, name: &str, attributes: &Value) -> Result<Queue> {
    let call = async |action: &str, input: Value| {
        let output = aws.json("sqs", &format!("AmazonSQS.{action}"), &input).await;
        output.with_context(|| format!("cannot create the queue {name}"))
    };
    let url = text(&call("CreateQueue", json!({ "QueueName": name })).await?, "QueueUrl")?;
    call("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": attributes })).await?;
    let read = call("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] })).await?;
    Ok(Queue { arn: text(&read["Attributes"], "QueueArn")?, url })
}

/// Subscribes a queue to a topic, with raw delivery: to messages with one of `types` as their attribute `type`, or to
/// all. An existing subscription gets this filter.
pub async fn subscribe(aws: &AwsApi, topic_arn: &str, queue_arn: &str, types: Option<&[String]>) -> Result<()> {
    let input = [("TopicArn", topic_arn), ("Protocol", "sqs"), ("Endpoint", queue_arn)];
    let subscription = sns(aws, "Subscribe", &input, "SubscriptionArn").await?;
    let mut attributes = vec![("RawMessageDelivery", "true".to_owned())];
    if let Some(types) = types {
        attributes.push(("FilterPolicyScope", "MessageAttributes".to_owned()));
        attributes.push(("FilterPolicy", json!({ "type": types }).to_string()));
    }
    for (name, value) in attributes {
        let input = [("SubscriptionArn", &*subscription), ("AttributeName", name), ("AttributeValue", &value)];
        aws.query("sns", SNS_VERSION, "SetSubscriptionAttributes", &input).await?;
    }
    Ok(())
}

/// Calls an action of SNS, and returns the content of an element of its response.
async fn sns(aws: &AwsApi, action: &str, input: &[(&str, &str)], element: &str) -> Result<String> {
    let xml = aws.query("sns", SNS_VERSION, action, input).await?;
    let content = elements(&xml, element).into_iter().next();
    Ok(content.with_context(|| format!("{action} returned no {element}"))?.to_owned())
}
