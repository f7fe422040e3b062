//! Payment: authorizes what order requests, once, and voids it when order no longer wants it.
//!
//! The README has the state table, and explains why an unknown outcome never leads to a second authorization.

/// State shared by all events.
pub mod app;
/// How AWS is called.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Payments and how they change; pure.
pub mod domain;
/// Errors of message handling.
pub mod error;
/// The Lambda entry, and the loop that settles a payment.
pub mod events;
/// The card processor, through Stripe's API.
pub mod processor;
/// The table: one function per query.
pub mod store;
/// Logs.
pub mod telemetry;

pub use app::AppState;
pub use config::Config;
pub use error::Error;
