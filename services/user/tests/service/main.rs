//! The service on its real store: DynamoDB and KMS over the wire, the router that `main` serves, HTTP in front.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod access;
mod app;
mod bad_input;
mod discovery;
mod lambda;
mod own_account;
mod refreshing;
mod registering;
mod signing_in;
