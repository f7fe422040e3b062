//! A product changed: the replica of names and prices takes its snapshot over.

use std::collections::HashSet;

use backon::Retryable;
use contracts::{Sku, event::product::ProductChanged};

use crate::{AppState, domain::offer::offers_of, error::Error, store::conflict_backoff};

/// Takes over the snapshot of `sequence`, unless a newer one is known. A SKU that is not in it any more is not for sale
/// any more.
///
/// It needs no inbox mark: the sequence says more than a mark would, since it also tells late snapshots from new ones.
/// All SKUs of a snapshot change in one transaction: SKU by SKU, an old snapshot that is handled at the same time as
/// the new one could put a variant on sale again that the new one has dropped.
pub async fn apply(app: &AppState, product: &ProductChanged, sequence: u64) -> Result<(), Error> {
    (|| apply_once(app, product, sequence)).retry(conflict_backoff()).when(Error::is_conflict).await
}

async fn apply_once(app: &AppState, product: &ProductChanged, sequence: u64) -> Result<(), Error> {
    let known = app.store.known_product(product.product_id).await?;
    if known.sequence >= sequence {
        return Ok(());
    }
    let offers = offers_of(product);
    let offered: HashSet<&Sku> = offers.iter().map(|(sku, _)| sku).collect();
    let gone = known.skus.into_iter().filter(|sku| !offered.contains(sku)).collect();
    app.store.replace_product(product.product_id, known.sequence, sequence, offers, gone).await
}
