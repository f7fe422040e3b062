//! Payment: authorises what order asks for, once, and lets go of it when order no longer wants it.
//!
//! The README has the table of states and says why an unknown outcome never leads to a second authorisation.

/// The current time.
pub mod clock;
/// Every setting.
pub mod config;
/// What a payment is and how it changes. Pure.
pub mod domain;
/// Why a message is not handled.
pub mod error;
/// What is done about each event, and the function's entry.
pub mod events;
/// The card processor, through Stripe's API.
pub mod processor;
/// The table.
pub mod store;
/// Logs.
pub mod telemetry;

use std::time::Duration;

use aws_config::SdkConfig;

pub use config::Config;
pub use error::Error;
use processor::{KeyError, Processor};
use store::Store;

/// How long connecting ahead of time may hold up the start.
const WARM_UP: Duration = Duration::from_secs(2);

/// What handling an event needs. Made once in the life of the process.
#[derive(Clone)]
pub struct AppState {
    /// The payment table.
    pub store: Store,
    /// The card processor.
    pub processor: Processor,
}

impl AppState {
    /// Everything that `config` names, reached through `aws`. Makes no call.
    pub fn new(config: &Config, aws: &SdkConfig) -> Result<Self, reqwest::Error> {
        let table = aws_sdk_dynamodb::Client::new(aws);
        Ok(Self { store: Store::new(table, config.payment_table.clone()), processor: Processor::new(config, aws)? })
    }

    /// Reads the processor's key and opens the connections, all at once, before the function asks for its first event.
    ///
    /// A connection that cannot be opened within [`WARM_UP`] only makes the first event slower. Without the key nothing
    /// can be done: a function that may not read it, or finds none, is to fail when it is deployed, not when the first
    /// customer pays.
    pub async fn warm_up(&self) -> Result<(), KeyError> {
        let connect = async { tokio::join!(self.store.warm_up(), self.processor.warm_up()) };
        let (key, _) = tokio::join!(self.processor.read_key(), tokio::time::timeout(WARM_UP, connect));
        key
    }
}
