//! Outbox relay: publishes the committed events of a DynamoDB table to its topic.
//!
//! One function per table. It knows the form of an outbox item and does not read the events.

/// Timeouts and retries of AWS calls.
pub mod aws;
/// Every setting.
pub mod config;
/// Batches for SNS; pure.
pub mod domain;
/// Errors of publishing.
pub mod error;
/// The Lambda entry: a batch of stream records.
pub mod events;
/// The failure queue.
pub mod failures;
/// Logs.
pub mod telemetry;
/// The topic.
pub mod topic;

pub use config::Config;
pub use error::Error;
pub use failures::FailureQueue;
pub use topic::Topic;
