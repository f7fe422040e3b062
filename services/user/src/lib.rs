//! User: accounts and tokens, a Lambda function behind API Gateway.

/// State shared by all handlers.
pub mod app;
/// Timeouts and retries of AWS clients.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Accounts, addresses, passwords, sign-in backoff; pure.
pub mod domain;
/// Errors, and their problem documents.
mod error;
/// The operator's command that sets an account's scopes.
pub mod grant;
/// The API: the list of routes, then one file per use case.
pub mod http;
/// Password hashing with limited concurrency, on threads for blocking work.
mod passwords;
/// The operator's command that publishes all accounts again.
pub mod republish;
/// The KMS key that signs access tokens.
pub mod signing;
/// The table: one function per query.
pub mod store;
/// Logs.
pub mod telemetry;
/// Access tokens: claims, lifetime, verification.
mod tokens;

pub use app::AppState;
pub use config::Config;
pub use error::Error;
pub use http::router;
