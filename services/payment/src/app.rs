//! State shared by all events.

use std::time::Duration;

use aws_config::{SdkConfig, timeout::TimeoutConfig};
use contracts::error::chain;

use crate::{
    Config,
    events::queue::Queue,
    processor::{Processor, Timing},
    store::Store,
};

/// Time limit of opening connections ahead of the first event.
const WARM_UP: Duration = Duration::from_secs(2);

/// Time limit of a call to the queue, retries included. Part of the margin that `main` keeps for the end of a batch.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(4);

/// Handles of everything that an event needs. Created once in the life of the process.
#[derive(Clone)]
pub struct AppState {
    /// The queue that the events come from.
    pub queue: Queue,
    /// The payment table.
    pub store: Store,
    /// The card processor.
    pub processor: Processor,
}

impl AppState {
    /// Connects lazily to everything that `config` names: makes no call.
    pub fn new(config: &Config, aws: &SdkConfig) -> Result<Self, reqwest::Error> {
        Self::with_timing(config, aws, Timing::default())
    }

    /// Like [`Self::new`], with the durations that tests shorten.
    pub fn with_timing(config: &Config, aws: &SdkConfig, timing: Timing) -> Result<Self, reqwest::Error> {
        let store = Store::new(aws_sdk_dynamodb::Client::new(aws), config.payment_table.clone());
        let queue = Queue::new(queue_client(aws), config.payment_inbox_url.clone());
        Ok(Self { queue, store, processor: Processor::new(config, aws, timing)? })
    }

    /// Reads the processor's key and opens the connections, concurrently, before the function asks for its first event.
    /// The queue has no connection, because only events that fail need it.
    ///
    /// A connection that is not open within [`WARM_UP`] only makes the first event slower. Without a key, the messages
    /// are handled later: a function that did not start would use up the receives of whole batches.
    pub async fn warm_up(&self) {
        let connect = async { tokio::join!(self.store.warm_up(), self.processor.warm_up()) };
        let (key, _) = tokio::join!(self.processor.read_key(), tokio::time::timeout(WARM_UP, connect));
        if let Err(error) = key {
            let error = chain(&error);
            tracing::error!(error, "no secret key of the processor; messages are handled later");
        }
    }
}

fn queue_client(aws: &SdkConfig) -> aws_sdk_sqs::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(QUEUE_TIMEOUT / 2)
        .operation_timeout(QUEUE_TIMEOUT);
    let config = aws_sdk_sqs::config::Builder::from(aws).timeout_config(timeouts.build());
    aws_sdk_sqs::Client::from_conf(config.build())
}
