//! Notification: one message to the customer per event and channel.

/// State shared by all events.
pub mod app;
/// How AWS is called.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Messages and their content by event; pure.
pub mod domain;
/// Errors of event handling.
pub mod error;
/// The Lambda entry, and one handler per kind of event.
pub mod events;
/// Rendering and sending of mails.
pub mod mail;
/// The table: contact data, messages, and messages that wait for contact data.
pub mod store;
/// Logs.
pub mod telemetry;

pub use app::AppState;
pub use config::Config;
pub use error::Error;
