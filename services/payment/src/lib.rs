//! Payment: authorizes what order requests, once, and voids it when order no longer wants it.
//!
//! The README has the state table, and explains why an unknown outcome never leads to a second authorization.

/// State shared by all events.
pub mod app;
/// Timeouts and retries of AWS calls.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Payments and how they change; pure.
pub mod domain;
/// The Lambda entry, and the loop that settles a payment.
pub mod events;
/// Client of the card processor's API.
pub mod processor;
/// The table: one function per query.
pub mod store;
/// Logs.
pub mod telemetry;

/// Errors of message handling.
mod error;

pub use app::AppState;
pub use config::Config;
use error::Error;
