//! The function on an emulated DynamoDB and SES, and every template.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod contact;
mod delivery;
mod orders;
mod refusal;
mod support;
mod templates;
