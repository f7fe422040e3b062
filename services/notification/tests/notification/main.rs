//! The function's handler against a real table and real SES, and every template.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contact;
mod delivery;
mod refusal;
mod support;
mod templates;
