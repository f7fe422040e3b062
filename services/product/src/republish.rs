//! `product republish`, and the request of a consumer whose read model is empty: announces all products again, each at
//! its present version.

use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId};
use uuid::Uuid;

use crate::{
    domain::product::Product,
    error::Error,
    store::{Database, outbox, products},
};

/// Products per transaction.
const BATCH: usize = 500;

/// Announces all products. Returns their number.
///
/// A consumer that knows a version ignores it, so this is safe to repeat, and while products change.
pub async fn run(database: &Database, now: DateTime<Utc>) -> Result<usize, Error> {
    let (mut after, mut total) = (Uuid::nil(), 0);
    loop {
        let announce = database.transaction(async |connection| {
            let products = products::after(connection, after, BATCH).await?;
            let snapshot = |product: &Product| {
                Envelope::new(EventId::generate(), product.id, product.version, now, product.snapshot())
            };
            outbox::add(connection, &products.iter().map(snapshot).collect::<Vec<_>>()).await?;
            Ok::<_, Error>(products)
        });
        let products = announce.await?;
        total += products.len();
        match products.last() {
            Some(last) if products.len() == BATCH => after = last.id.as_uuid(),
            _ => return Ok(total),
        }
    }
}
