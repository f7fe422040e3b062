use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::SdkConfig;
use contracts::Envelope;
use serde_json::json;
use tokio::sync::OnceCell;

use super::{start, unique, workplace};
use crate::{
    aws_api::AwsApi,
    emulator::{Emulator, Settings, sdk_config},
    provision::{keys, messaging, secrets, tables},
    topology::Topology,
};

/// This test process's own emulated AWS.
#[derive(Debug, Clone)]
pub struct Aws {
    endpoint: String,
}

/// This test process's own emulated AWS, which is started at first use.
pub async fn aws() -> Aws {
    static EMULATOR: OnceCell<Emulator> = OnceCell::const_new();
    let workplace = workplace().await;
    let boot = || {
        let settings = Settings {
            port: None,
            data_dir: workplace.folder.join("aws"),
            log: workplace.folder.join("aws.log"),
            keep: false,
            iam: false,
        };
        start("an emulated AWS", Emulator::start(&workplace.python, settings))
    };
    Aws { endpoint: EMULATOR.get_or_init(boot).await.endpoint() }
}

impl Aws {
    /// The URL of every AWS service: what binaries get as `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Configuration of AWS clients: endpoint, Region and credentials.
    pub fn sdk_config(&self) -> SdkConfig {
        sdk_config(&self.endpoint)
    }

    fn api(&self) -> AwsApi {
        AwsApi::new(&self.endpoint).expect("a client")
    }

    /// A fresh, empty table, shaped like the topology's table `name`. Returns its own, unique name.
    pub async fn create_table(&self, name: &str) -> String {
        let topology = topology();
        let Some(shape) = topology.table(name) else { panic!("the topology has no table `{name}`") };
        let table = unique(name);
        tables::table(&self.api(), &table, shape).await.expect("the emulated AWS creates tables");
        table
    }

    /// A fresh, empty queue with its dead-letter queue, shaped like the topology's queue `name`. Returns its URL; that
    /// of the dead-letter queue ends in `-dlq` and is the same otherwise.
    pub async fn create_queue(&self, name: &str) -> String {
        let topology = topology();
        let Some(shape) = topology.queue(name) else { panic!("the topology has no queue `{name}`") };
        messaging::queue(&self.api(), &unique(name), shape).await.expect("the emulated AWS creates queues").url
    }

    /// A fresh topic, and a queue that all of its messages are delivered to.
    pub async fn create_topic(&self) -> TopicProbe {
        let (api, name) = (self.api(), unique("topic"));
        let arn = messaging::topic(&api, &name).await.expect("the emulated AWS creates topics");
        let queue = messaging::plain_queue(&api, &name, &json!({})).await.expect("the emulated AWS creates queues");
        messaging::subscribe(&api, &arn, &queue.arn, None).await.expect("the emulated AWS creates subscriptions");
        TopicProbe { arn, queue_url: queue.url, config: self.sdk_config(), received: Arc::default() }
    }

    /// The id of a fresh KMS key for signing tokens.
    pub async fn create_signing_key(&self) -> String {
        keys::create_signing_key(&self.api()).await.expect("the emulated AWS creates keys")
    }

    /// The ARN of a fresh secret that holds `text`.
    pub async fn create_secret(&self, text: &str) -> String {
        secrets::secret(&self.sdk_config(), &unique("secret"), text).await.expect("the emulated AWS keeps secrets")
    }
}

/// A topic whose messages can be read.
#[derive(Debug, Clone)]
pub struct TopicProbe {
    /// The topic's ARN.
    pub arn: String,
    /// The queue that all of its messages are delivered to. Reading from it takes them from [`TopicProbe::published`].
    pub queue_url: String,
    config: SdkConfig,
    received: Arc<Mutex<Vec<Envelope>>>,
}

impl TopicProbe {
    /// Every event that was published so far, in the order of arrival. Panics if a message is not an event, or if its
    /// attribute `type` is not that of the event.
    pub async fn published(&self) -> Vec<Envelope> {
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        loop {
            let receive = sqs.receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
            let answer = receive.message_attribute_names("type").wait_time_seconds(0).send().await;
            let messages = answer.expect("the probe's queue can be read").messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let body = message.body.unwrap_or_default();
                let event: Envelope = match serde_json::from_str(&body) {
                    Ok(event) => event,
                    Err(cause) => panic!("a published message is not an event ({cause}): {body}"),
                };
                let attributes = message.message_attributes.unwrap_or_default();
                let kind = attributes.get("type").and_then(|attribute| attribute.string_value.as_deref());
                assert_eq!(kind, Some(event.event.kind()), "the attribute `type`, which filters look at");
                self.received.lock().expect("the lock is not poisoned").push(event);
                let receipt = message.receipt_handle.unwrap_or_default();
                let delete = sqs.delete_message().queue_url(&self.queue_url).receipt_handle(receipt);
                delete.send().await.expect("the probe's queue can be written");
            }
        }
        self.received.lock().expect("the lock is not poisoned").clone()
    }

    /// Waits until `count` events were published, and returns them all.
    pub async fn published_at_least(&self, count: usize, limit: Duration) -> Vec<Envelope> {
        let probe = async || Some(self.published().await).filter(|events| events.len() >= count);
        super::eventually(&format!("{count} events are published"), limit, probe).await
    }
}

fn topology() -> Topology {
    Topology::load().expect("the topology is checked by a test of its own")
}
