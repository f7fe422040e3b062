//! The service's table.
//!
//! | pk | sk | what |
//! |---|---|---|
//! | `USER#<id>` | `CONTACT` | contact data, or the tombstone of a deleted account |
//! | `USER#<id>` | `PENDING#<event id>` | an event whose message waits for contact data |
//! | `MESSAGE#<event id>#<channel>` | `MESSAGE` | that a message is being sent, was sent, or never will be |

mod contact;
mod message;
mod pending;

use aws_sdk_dynamodb::Client;
use chrono::TimeDelta;
use contracts::UserId;

pub use message::{Claim, Claimed, LEASE, Settled};
pub use pending::Kept;

/// How long messages are remembered, and waiting ones kept. Longer than an event can lie in a queue and then in its
/// dead-letter queue (4 and 14 days).
const RETENTION: TimeDelta = TimeDelta::days(30);

/// The sort key of an account's contact data.
const CONTACT: &str = "CONTACT";

/// The table, and the way to it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The table `table`.
    pub const fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens the connection while the function starts, where processor time is plentiful, rather than at the
    /// first event. A failure is only logged: the first event tries again.
    pub async fn warm_up(&self) {
        if let Err(error) = self.recipient(UserId::generate()).await {
            tracing::warn!(%error, "the table is not reachable yet");
        }
    }
}

fn user_key(user_id: UserId) -> String {
    format!("USER#{user_id}")
}
