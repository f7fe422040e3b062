//! The simulator as its clients see it: over HTTP, on a port of its own.

#![expect(clippy::unwrap_used, reason = "these are tests: where a helper fails, its test fails")]

mod faults;
mod idempotency;
mod listing;
mod payments;
mod refunds;
mod restart;
mod simulator;
mod webhooks;
