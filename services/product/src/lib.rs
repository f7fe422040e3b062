//! Catalogue, search and stock. Start reading at [`http`] for its routes and at [`domain::reservation`] for its decisions.

/// State shared by all handlers.
pub mod app;
/// How AWS is called.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Products, stock and reservations; pure.
pub mod domain;
/// Errors, and the problem documents they become.
pub mod error;
/// Events of orders in, events of products and stock out.
pub mod events;
/// The API: every route on one screen, then one file per use case.
pub mod http;
/// Sign-in to the database by AWS IAM.
pub mod iam;
/// The subcommand `product import`.
pub mod import;
/// The token issuer's keys.
pub mod jwks;
/// The service as a whole: HTTP server, queue, publisher and sweep.
pub mod run;
/// PostgreSQL: one function per query.
pub mod store;
/// Logs and traces.
pub mod telemetry;

pub use app::AppState;
pub use config::Config;
pub use error::Error;
pub use run::run;
