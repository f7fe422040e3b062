//! Topics, queues with their dead-letter queues, and the subscriptions between them.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_sns as sns;
use aws_sdk_sqs::{self as sqs, types::QueueAttributeName};
use futures::future::try_join_all;
use serde_json::json;

use crate::topology::{Queue, Topology, dead_letter_name};

/// Retention of dead letters, in seconds: 14 days, the longest that SQS allows. A standard queue keeps the age of
/// the first enqueue, so this must be longer than the 4 days of the queue it comes from.
const DEAD_LETTER_RETENTION: u32 = 14 * 24 * 60 * 60;

/// The topics and queues of the topology.
#[derive(Debug, Clone)]
pub struct Messaging {
    /// ARN of each topic, by name.
    pub topics: BTreeMap<String, String>,
    /// Queues, by name.
    pub queues: BTreeMap<String, ProvisionedQueue>,
}

impl Messaging {
    /// The ARN of a topic of the topology.
    pub fn topic_arn(&self, name: &str) -> anyhow::Result<&str> {
        self.topics.get(name).map(String::as_str).with_context(|| format!("the topology has no topic {name}"))
    }

    /// A queue of the topology.
    pub fn queue(&self, name: &str) -> anyhow::Result<&ProvisionedQueue> {
        self.queues.get(name).with_context(|| format!("the topology has no queue {name}"))
    }

    /// The URL of a queue of the topology.
    pub fn queue_url(&self, name: &str) -> anyhow::Result<&str> {
        Ok(&self.queue(name)?.url)
    }

    /// Queues by name.
    pub fn queue_urls(&self) -> BTreeMap<String, String> {
        self.queues.iter().map(|(name, queue)| (name.clone(), queue.url.clone())).collect()
    }
}

/// Makes the topics, the queues, and the subscriptions between them.
pub async fn provision(config: &SdkConfig, topology: &Topology) -> anyhow::Result<Messaging> {
    let (sns, sqs) = (&sns::Client::new(config), &sqs::Client::new(config));
    let topics = topology.topics.iter().map(async |name| anyhow::Ok((name.clone(), topic(sns, name).await?)));
    let queues = topology.queues.iter().map(async |shape| {
        let queue = queue(sqs, &shape.name, shape).await?;
        anyhow::Ok((shape.name.clone(), queue))
    });
    let topics = try_join_all(topics).await?.into_iter().collect();
    let queues = try_join_all(queues).await?.into_iter().collect();
    let messaging = Messaging { topics, queues };
    let subscriptions = topology.queues.iter().flat_map(|queue| queue.subscriptions.iter().map(move |s| (queue, s)));
    try_join_all(subscriptions.map(async |(queue, subscription)| {
        let topic_arn = messaging.topic_arn(&subscription.topic)?;
        subscribe(sns, topic_arn, &messaging.queue(&queue.name)?.arn, Some(&subscription.types)).await
    }))
    .await?;
    Ok(messaging)
}

/// A queue that is there, with its dead-letter queue.
#[derive(Debug, Clone)]
pub struct ProvisionedQueue {
    /// URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// URL of the dead-letter queue.
    pub dead_letter_url: String,
}

/// Makes the topic `name` if it is not there, and returns its ARN.
pub async fn topic(sns: &sns::Client, name: &str) -> anyhow::Result<String> {
    let answer = sns.create_topic().name(name).send().await;
    let answer = answer.with_context(|| format!("cannot make the topic {name}"))?;
    answer.topic_arn.with_context(|| format!("the topic {name} got no ARN"))
}

/// Makes the queue `name`, shaped like `shape`, and its dead-letter queue, or brings those that are there into shape.
pub async fn queue(sqs: &sqs::Client, name: &str, shape: &Queue) -> anyhow::Result<ProvisionedQueue> {
    let dead_letter_attributes =
        HashMap::from([(QueueAttributeName::MessageRetentionPeriod, DEAD_LETTER_RETENTION.to_string())]);
    let (dead_letter_url, dead_letter_arn) = ensure_queue(sqs, &dead_letter_name(name), dead_letter_attributes).await?;
    let redrive = json!({ "deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": shape.max_receive_count });
    let attributes = HashMap::from([
        (QueueAttributeName::VisibilityTimeout, shape.visibility_timeout_seconds.to_string()),
        (QueueAttributeName::ReceiveMessageWaitTimeSeconds, "20".to_owned()),
        (QueueAttributeName::RedrivePolicy, redrive.to_string()),
    ]);
    let (url, arn) = ensure_queue(sqs, name, attributes).await?;
    Ok(ProvisionedQueue { url, arn, dead_letter_url })
}

/// Creating a queue that is there with other attributes is an error, so they are set apart.
async fn ensure_queue(
    sqs: &sqs::Client,
    name: &str,
    attributes: HashMap<QueueAttributeName, String>,
) -> anyhow::Result<(String, String)> {
    let existing = match sqs.get_queue_url().queue_name(name).send().await {
        Ok(answer) => answer.queue_url,
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_queue_does_not_exist()) => None,
        Err(cause) => return Err(cause).with_context(|| format!("cannot look up the queue {name}")),
    };
    let url = match existing {
        Some(url) => {
            let change = sqs.set_queue_attributes().queue_url(&url).set_attributes(Some(attributes));
            change.send().await.with_context(|| format!("cannot change the queue {name}"))?;
            url
        }
        None => {
            let answer = sqs.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await;
            let url = answer.with_context(|| format!("cannot make the queue {name}"))?.queue_url;
            url.with_context(|| format!("the queue {name} got no URL"))?
        }
    };
    let answer = sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn).send().await;
    let answer = answer.with_context(|| format!("cannot read the attributes of the queue {name}"))?;
    let arn = answer.attributes.and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn));
    Ok((url, arn.with_context(|| format!("the queue {name} got no ARN"))?))
}

/// Has a topic's messages delivered to a queue as they stand, without SNS's wrapping: those with one of `types` as
/// their attribute `type`, or all if there is no such list. A subscription that is there gets this filter.
pub async fn subscribe(
    sns: &sns::Client,
    topic_arn: &str,
    queue_arn: &str,
    types: Option<&[String]>,
) -> anyhow::Result<()> {
    let because = || format!("cannot subscribe {queue_arn} to {topic_arn}");
    let answer = sns
        .subscribe()
        .topic_arn(topic_arn)
        .protocol("sqs")
        .endpoint(queue_arn)
        .return_subscription_arn(true)
        .send()
        .await
        .with_context(because)?;
    let subscription = answer.subscription_arn.with_context(because)?;
    let mut attributes = vec![("RawMessageDelivery", "true".to_owned())];
    if let Some(types) = types {
        attributes.push(("FilterPolicyScope", "MessageAttributes".to_owned()));
        attributes.push(("FilterPolicy", json!({ "type": types }).to_string()));
    }
    for (name, value) in attributes {
        let change = sns.set_subscription_attributes().subscription_arn(&subscription);
        change.attribute_name(name).attribute_value(value).send().await.with_context(because)?;
    }
    Ok(())
}
