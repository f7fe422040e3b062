//! The service as `main` runs it, with an emulated DynamoDB and SQS.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod access;
mod bad_input;
mod cart;
mod catalogue;
mod checkout;
mod deadlines;
mod harness;
mod neighbors;
mod openapi;
mod orders;
mod queue;
mod saga;
mod sweep;
mod traces;
