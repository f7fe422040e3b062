//! Publishes committed events: what a service wrote into the outbox of its DynamoDB table goes to its topic.
//!
//! One function per table. It knows the shape of an outbox item and of a batch, and no event's meaning.

pub mod config;
/// How events share the calls to SNS.
pub mod domain;
pub mod error;
/// The Lambda entry: a batch of stream records.
pub mod events;
pub mod telemetry;
pub mod topic;

pub use config::Config;
pub use error::Error;
pub use topic::Topic;
