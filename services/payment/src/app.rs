//! State shared by all events.

use std::time::Duration;

use aws_config::SdkConfig;

use crate::{
    Config,
    processor::{KeyError, Processor, Timing},
    store::Store,
};

/// Time limit of opening connections ahead of the first event.
const WARM_UP: Duration = Duration::from_secs(2);

/// Handles of everything that an event needs. Created once in the life of the process.
#[derive(Clone)]
pub struct AppState {
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
        Ok(Self { store, processor: Processor::new(config, aws, timing)? })
    }

    /// Reads the processor's key and opens the connections, concurrently, before the function asks for its first event.
    ///
    /// A connection that is not open within [`WARM_UP`] only makes the first event slower. A missing key is an error,
    /// because no payment is possible without it: the function fails when it is deployed, not when a customer pays.
    pub async fn warm_up(&self) -> Result<(), KeyError> {
        let connect = async { tokio::join!(self.store.warm_up(), self.processor.warm_up()) };
        let (key, _) = tokio::join!(self.processor.read_key(), tokio::time::timeout(WARM_UP, connect));
        key
    }
}
