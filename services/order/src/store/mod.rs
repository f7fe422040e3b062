//! The table. One function per access; no other module knows its keys.
//!
//! | Item | `pk` | `sk` |
//! |---|---|---|
//! | cart | `USER#<user>` | `CART` |
//! | order | `ORDER#<order>` | `OWNER#<user>` |
//! | product in the replica | `PRODUCT#<product>` | `PRODUCT` |
//! | offer in the replica | `SKU#<sku>` | `PRODUCT` |
//! | idempotency key | `IDEMPOTENCY#<user>#<route>#<key>` | `IDEMPOTENCY` |
//! | inbox mark | `INBOX#<event>` | `INBOX` |
//! | outgoing event | `EVENT#<event>` | `OUTBOX` |

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use backon::ExponentialBuilder;

use crate::error::Error;

pub mod carts;
pub mod catalog;
pub mod idempotency;
pub mod inbox;
pub mod orders;
pub mod transaction;

/// The service's table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

type Item = HashMap<String, AttributeValue>;

impl Store {
    /// The table named `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Succeeds if the table responds.
    pub async fn ping(&self) -> Result<(), Error> {
        let key = key("HEALTH".to_owned(), "HEALTH".to_owned());
        self.client.get_item().table_name(&self.table).set_key(Some(key)).send().await?;
        Ok(())
    }

    /// True if the table responds; logged if it does not.
    pub async fn is_available(&self) -> bool {
        let pinged = self.ping().await;
        let logged =
            pinged.inspect_err(|error| tracing::error!(error = contracts::error::chain(error), "table not available"));
        logged.is_ok()
    }

    /// Reads one item as the last write left it.
    async fn get<T: for<'a> serde::Deserialize<'a>>(&self, key: Item) -> Result<Option<T>, Error> {
        let answer =
            self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true).send().await?;
        Ok(answer.item.map(serde_dynamo::from_item).transpose()?)
    }
}

/// How often, and how soon, to load and decide again when somebody else was faster: waits of milliseconds that grow.
pub fn conflict_backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(200))
        .with_max_times(8)
        .with_jitter()
}

fn key(pk: String, sk: String) -> Item {
    HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
}
