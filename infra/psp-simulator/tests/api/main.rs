//! Tests of the simulator over HTTP.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod faults;
mod idempotency;
mod listing;
mod payments;
mod refunds;
mod restart;
mod simulator;
mod webhooks;
