//! Catalogue, search and stock. Start with [`http`], which lists the routes, and `domain::reservation`, which decides.

/// State shared by all handlers.
mod app;
/// Timeouts and retries of AWS clients.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting, parsed before anything binds.
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
mod jwks;
/// Whether the loops of the process still run.
mod liveness;
/// Repeated announcement of all products.
pub mod republish;
/// HTTP server, queues, publisher and sweep, until shutdown.
pub mod run;
/// PostgreSQL: one function per query.
pub mod store;
/// Tasks that live as long as the process.
mod supervise;
/// Logs and traces.
pub mod telemetry;

use app::AppState;
pub use config::Config;
pub use domain::reservation::Terms;
pub use error::Error;
pub use run::run;
