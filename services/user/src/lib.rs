//! Accounts and tokens: a Lambda function behind API Gateway.
//!
//! - [`config`]: every setting, parsed once.
//! - [`state`]: what all requests share, connected once at start.
//! - [`domain`]: accounts, addresses, passwords, sign-in backoff; pure.
//! - [`http`]: the routes, one file per use case.
//! - [`grant`]: the operator's command that sets an account's scopes.
//! - [`store`]: the DynamoDB table.
//! - [`passwords`]: hashing, off the runtime's threads and a few at a time.
//! - [`tokens`]: what is written into access tokens; [`signing`]: the KMS key that signs them.
//! - [`error`]: what can go wrong, and what the outside gets to know of it.
//! - [`clock`], [`telemetry`]: the time, and logs.

pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod grant;
pub mod http;
pub mod passwords;
pub mod signing;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod tokens;

pub use config::Config;
pub use error::Error;
pub use http::router;
pub use state::AppState;
