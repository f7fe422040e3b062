//! The table: contact data, messages, and events that wait for contact data. The README lists the items.

mod claim;
mod contact;
mod message;
mod order_messages;
mod pending;
#[cfg(test)]
mod samples;

use aws_sdk_dynamodb::Client;
use chrono::TimeDelta;
use contracts::UserId;

pub use claim::{Claim, ClaimOutcome, LEASE, Outcome};
pub use pending::Deferral;

/// Retention of messages and pending events. Longer than an event can stay in a queue and then in its dead-letter queue
/// (10 and 14 days).
const RETENTION: TimeDelta = TimeDelta::days(30);

/// Sort key of an account's contact data.
const CONTACT: &str = "CONTACT";

/// Client of the table. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// Accesses the table with the name `table`.
    pub const fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens a connection while the function starts, when CPU time is plentiful, instead of at the first event. A
    /// failure is only logged; the first event tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.recipient(UserId::generate()).await {
            tracing::warn!(error = contracts::error::chain(&error), "could not reach the table at start");
        }
    }
}

fn user_key(user_id: UserId) -> String {
    format!("USER#{user_id}")
}
