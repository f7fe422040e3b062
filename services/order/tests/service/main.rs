//! The service as `main` runs it, on a real DynamoDB and real queues.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod bad_input;
mod cart;
mod checkout;
mod collector;
mod deadlines;
mod harness;
mod openapi;
mod orders;
mod process;
mod queue;
mod replica;
mod saga;
mod sweep;
mod traces;
