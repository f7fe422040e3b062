//! Notification: one message to the customer per event and channel.

/// State shared by all events.
pub mod app;
/// Timeouts and retries of AWS calls.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Messages: recipients, content by event, languages; pure.
pub mod domain;
/// The Lambda entry, and one handler per kind of event.
pub mod events;
/// Rendering and sending of mails.
pub mod mail;
/// The table: contact data, messages, and messages that wait for contact data.
pub mod store;
/// Logs.
pub mod telemetry;

/// Errors of event handling.
mod error;

pub use app::AppState;
pub use config::Config;
use error::Error;
