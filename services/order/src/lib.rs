//! Order: carts, checkout and orders. The only writer of an order's state, and the orchestrator of its saga.

/// Admission of new orders under overload.
mod admission;
/// State shared by all handlers.
mod app;
/// AWS clients: timeouts and retries.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Settings.
mod config;
/// Carts, orders and the decisions about them; pure.
pub mod domain;
/// Errors, and the problem documents they become.
mod error;
/// Messages in: one handler per event, and the sweep.
pub mod events;
/// The API: every route on one screen, then one file per use case.
pub mod http;
/// The token issuer's keys.
mod jwks;
/// Liveness: whether the loops of the process still run.
mod liveness;
/// The service as a whole: HTTP server, queues and sweep.
mod run;
/// One saga step: load, decide, commit.
mod saga;
/// The table: one function per query.
pub mod store;
/// Supervision of the tasks of [`run()`].
mod supervise;
/// Logs and traces.
pub mod telemetry;

pub use app::AppState;
pub use config::Config;
pub use error::Error;
pub use run::run;
