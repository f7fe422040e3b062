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

/// The emulated AWS of this test process.
#[derive(Debug, Clone)]
pub struct Aws {
    endpoint: String,
}

/// The emulated AWS of this test process, which is started at first use.
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
    /// The value of `AWS_ENDPOINT_URL`.
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

    /// Creates a table, shaped like the topology's table `name`, and returns its unique name.
    pub async fn create_table(&self, name: &str) -> String {
        let topology = topology();
        let Some(shape) = topology.table(name) else { panic!("the topology has no table `{name}`") };
        let table = unique(name);
        tables::table(&self.api(), &table, shape).await.expect("the emulated AWS creates tables");
        table
    }

    /// Creates a queue, shaped like the topology's queue `name`, and returns its URL. The URL of its dead-letter queue
    /// is the same with `-dlq` at its end.
    pub async fn create_queue(&self, name: &str) -> String {
        let topology = topology();
        let Some(shape) = topology.queue(name) else { panic!("the topology has no queue `{name}`") };
        messaging::queue(&self.api(), &unique(name), shape).await.expect("the emulated AWS creates queues").url
    }

    /// Creates a topic, and a queue that receives all of its messages.
    pub async fn create_topic(&self) -> TopicProbe {
        let (api, name) = (self.api(), unique("topic"));
        let arn = messaging::topic(&api, &name).await.expect("the emulated AWS creates topics");
        let queue = messaging::plain_queue(&api, &name, &json!({})).await.expect("the emulated AWS creates queues");
        messaging::subscribe(&api, &arn, &queue.arn, None).await.expect("the emulated AWS creates subscriptions");
        TopicProbe { arn, queue_url: queue.url, config: self.sdk_config(), received: Arc::default() }
    }

    /// Creates a KMS key for signing tokens, and returns its id.
    pub async fn create_signing_key(&self) -> String {
        keys::create_signing_key(&self.api()).await.expect("the emulated AWS creates keys")
    }

    /// Creates a secret with the value `text`, and returns its ARN.
    pub async fn create_secret(&self, text: &str) -> String {
        secrets::secret(&self.sdk_config(), &unique("secret"), text).await.expect("the emulated AWS keeps secrets")
    }
}

/// A topic whose messages can be read.
#[derive(Debug, Clone)]
pub struct TopicProbe {
    /// The topic's ARN.
    pub arn: String,
    /// The queue that receives all of its messages. Messages that a test receives from it are missing in
    /// [`TopicProbe::published`].
    pub queue_url: String,
    config: SdkConfig,
    received: Arc<Mutex<Vec<Envelope>>>,
}

impl TopicProbe {
    /// All events that were published so far, in the order of arrival. Panics if a message is not an event, or if its
    /// attribute `type` differs from the type of the event.
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
                assert_eq!(kind, Some(event.event.kind()), "the attribute `type`, which subscriptions filter by");
                self.received.lock().expect("the lock is not poisoned").push(event);
                let receipt = message.receipt_handle.unwrap_or_default();
                let delete = sqs.delete_message().queue_url(&self.queue_url).receipt_handle(receipt);
                delete.send().await.expect("the probe's queue can be written");
            }
        }
        self.received.lock().expect("the lock is not poisoned").clone()
    }

    /// Waits until at least `count` events were published, and returns all events.
    pub async fn published_at_least(&self, count: usize, limit: Duration) -> Vec<Envelope> {
        let probe = async || Some(self.published().await).filter(|events| events.len() >= count);
        super::eventually(&format!("{count} events are published"), limit, probe).await
    }
}

fn topology() -> Topology {
    Topology::load().expect("a valid topology")
}
