//! The table: one function per access. No other module knows its keys; the README lists the items.
//!
//! `samples/` holds one stored item of each kind. A sample is never edited: every later version must read it.

use std::{collections::HashMap, future::Future, time::Duration};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use backon::{ExponentialBuilder, Retryable};
use contracts::Sku;
use moka::sync::Cache;
use serde::de::DeserializeOwned;

use crate::{domain::Offer, error::Error};
use locks::Locks;

pub(crate) mod carts;
mod catalogue;
pub(crate) mod idempotency;
mod locks;
pub(crate) mod orders;
pub(crate) mod transaction;

#[cfg(test)]
mod samples;

/// Maximum number of offers in memory: about 5 MB.
const MAX_CACHED_OFFERS: u64 = 20_000;

/// The service's table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    locks: Locks,
    offers: Cache<Sku, Offer>,
}

type Item = HashMap<String, AttributeValue>;

impl Store {
    /// Accesses the table named `table`. Offers are kept in memory for the time `offer_cache`, if it is not zero.
    pub fn new(client: Client, table: String, offer_cache: Duration) -> Self {
        let capacity = if offer_cache.is_zero() { 0 } else { MAX_CACHED_OFFERS };
        let offers = Cache::builder().max_capacity(capacity).time_to_live(offer_cache).build();
        Self { client, table, locks: Locks::default(), offers }
    }

    /// Succeeds if the table responds.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let key = key("HEALTH".to_owned(), "HEALTH".to_owned());
        self.client.get_item().table_name(&self.table).set_key(Some(key)).send().await?;
        Ok(())
    }

    /// Reads one item, consistently.
    async fn get_item(&self, key: Item) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key));
        Ok(get.consistent_read(true).send().await?.item)
    }

    /// Reads and parses one item, consistently.
    async fn get<T: DeserializeOwned>(&self, key: Item) -> Result<Option<T>, Error> {
        Ok(self.get_item(key).await?.map(serde_dynamo::from_item).transpose()?)
    }
}

/// Backoff between attempts of a version conflict, or of reading keys that DynamoDB left unprocessed.
fn short_backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(200))
        .with_max_times(8)
        .with_jitter()
}

/// Runs `operation`, which loads, decides and commits; again after a version conflict, with a backoff of milliseconds.
/// Ends with [`Error::RetriesExhausted`] if the conflicts persist.
pub(crate) async fn retry_conflicts<T, F>(operation: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let result = operation.retry(short_backoff()).when(Error::is_version_conflict).await;
    result.map_err(|error| if error.is_version_conflict() { Error::RetriesExhausted } else { error })
}

fn key(pk: String, sk: String) -> Item {
    HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
}
