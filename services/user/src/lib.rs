//! User: accounts and tokens, a Lambda function behind API Gateway.

/// State shared by all handlers.
pub mod app;
/// How AWS is called.
pub mod aws;
/// The only place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// Accounts, addresses, passwords, sign-in backoff; pure.
pub mod domain;
/// Errors, and the problem documents they become.
pub mod error;
/// The operator's command that sets an account's scopes.
pub mod grant;
/// The API: every route on one screen, then one file per use case.
pub mod http;
/// Password hashing in bounded concurrency, off the runtime's threads.
pub mod passwords;
/// The KMS key that signs access tokens.
pub mod signing;
/// The table: one function per query.
pub mod store;
/// Logs.
pub mod telemetry;
/// Issues access tokens.
pub mod tokens;

pub use app::AppState;
pub use config::Config;
pub use error::Error;
pub use http::router;
