//! `product.changed`: updates the catalogue projection.

use std::collections::HashSet;

use contracts::{Sku, event::product::ProductChanged};

use crate::{AppState, domain::offers_of, error::Error, store::retry_conflicts};

/// Replaces the product's offers by the snapshot with this `sequence`, unless the projection has it or a newer one. A
/// SKU that the snapshot no longer contains is no longer for sale.
///
/// No processed-message record: the sequence detects duplicates, and late snapshots as well. All SKUs of a snapshot
/// change in one transaction: written one by one, an old snapshot that is handled concurrently with a new one could
/// put a variant on sale again that the new one has dropped.
pub(crate) async fn apply(app: &AppState, product: &ProductChanged, sequence: u64) -> Result<(), Error> {
    retry_conflicts(|| apply_once(app, product, sequence)).await
}

async fn apply_once(app: &AppState, product: &ProductChanged, sequence: u64) -> Result<(), Error> {
    let current = app.store.catalog_product(product.product_id).await?;
    if current.sequence >= sequence {
        return Ok(());
    }
    let offers = offers_of(product);
    let offered: HashSet<&Sku> = offers.iter().map(|(sku, _)| sku).collect();
    let dropped = current.skus.into_iter().filter(|sku| !offered.contains(sku)).collect();
    app.store.replace_product(product.product_id, current.sequence, sequence, offers, dropped).await
}
