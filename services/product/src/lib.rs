//! Catalogue, search and stock. Start reading at [`http`] for its routes and at [`domain::reservation`] for its decisions.

/// Clients of AWS, each with its deadlines.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Products, stock and reservations, without any store or transport.
pub mod domain;
/// What can go wrong, and what a client hears of it.
pub mod error;
/// Orders' events in, this service's events out.
pub mod events;
/// Routes.
pub mod http;
/// Signing in to the database without a password.
pub mod iam;
/// `product import`.
pub mod import;
/// The way of spans to a collector.
pub mod otlp;
/// The service as a whole: what `main` and the tests start.
pub mod run;
/// PostgreSQL: one function per query.
pub mod store;
/// Logs and traces.
pub mod telemetry;
/// Follows the keys of the token issuer.
pub mod tokens;

pub use config::Config;
pub use error::Error;
pub use run::run;
