//! The service with its real dependencies: the router of `main` over HTTP, DynamoDB and KMS.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod access;
mod app;
mod bad_input;
mod discovery;
mod lambda;
mod own_account;
mod refreshing;
mod registering;
mod republishing;
mod signing_in;
