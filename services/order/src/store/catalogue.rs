//! The catalogue projection, a read model of product's names and prices: one item per SKU, and one per product with the
//! sequence of its snapshot.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem, Update};
use backon::BackoffBuilder;
use chrono::{DateTime, Utc};
use contracts::{Envelope, Event, EventId, ProductId, Sku, event::order::CatalogueRequested};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{Store, key, short_backoff};
use crate::{domain::Offer, error::Error};

/// Latest snapshot of a product in the projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CatalogProduct {
    /// Sequence of the snapshot; 0 before the first one.
    pub(crate) sequence: u64,
    /// SKUs in the snapshot.
    pub(crate) skus: Vec<Sku>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ProductItem {
    pk: String,
    sk: String,
    #[serde(flatten)]
    product: CatalogProduct,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OfferItem {
    pk: String,
    sk: String,
    sku: Sku,
    #[serde(flatten)]
    offer: Offer,
}

/// Mark that the catalogue was requested: absent from a new table, and from one that was lost and created again.
#[derive(Serialize, Deserialize)]
pub(super) struct CatalogueItem {
    pk: String,
    sk: String,
    requested_at: DateTime<Utc>,
}

impl Store {
    /// True if this table's catalogue was requested from product.
    pub(crate) async fn is_catalogue_requested(&self) -> Result<bool, Error> {
        Ok(self.get_item(key(CATALOGUE.to_owned(), CATALOGUE.to_owned())).await?.is_some())
    }

    /// Requests the catalogue from product, once per table.
    pub(crate) async fn request_catalogue(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let item = CatalogueItem { pk: CATALOGUE.to_owned(), sk: CATALOGUE.to_owned(), requested_at: now };
        let put = Put::builder().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        let put = put.condition_expression("attribute_not_exists(pk)").build()?;
        let event = Event::CatalogueRequested(CatalogueRequested { requested_at: now });
        let envelope = Envelope::new(EventId::generate(), "catalogue", 1, now, event);
        let items = vec![
            TransactWriteItem::builder().put(put).build(),
            TransactWriteItem::builder().put(self.put_event(&envelope, now)?).build(),
        ];
        // A duplicate: another process has just requested it.
        self.transact(items, true).await.map(drop)
    }

    /// Returns the latest snapshot of the product.
    pub(crate) async fn catalog_product(&self, id: ProductId) -> Result<CatalogProduct, Error> {
        let item: Option<ProductItem> = self.get(key(product_pk(id), SK.to_owned())).await?;
        Ok(item.map_or(CatalogProduct { sequence: 0, skus: Vec::new() }, |item| item.product))
    }

    /// Replaces the snapshot with the sequence `before` by a newer one: writes its offers, and ends the sale of the
    /// `dropped` SKUs. [`Error::VersionConflict`] if the projection has another snapshot than `before`.
    pub(crate) async fn replace_product(
        &self,
        id: ProductId,
        before: u64,
        sequence: u64,
        offers: Vec<(Sku, Offer)>,
        dropped: Vec<Sku>,
    ) -> Result<(), Error> {
        let skus: Vec<Sku> = offers.iter().map(|(sku, _)| sku.clone()).collect();
        let changed: Vec<Sku> = skus.iter().chain(&dropped).cloned().collect();
        let mut items = vec![self.put_product(id, before, CatalogProduct { sequence, skus })?];
        for (sku, offer) in offers {
            let item = OfferItem { pk: offer_pk(&sku), sk: SK.to_owned(), sku, offer };
            let put = Put::builder().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?)).build()?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        for sku in dropped {
            items.push(self.end_sale(&sku)?);
        }
        self.transact(items, false).await?;
        changed.iter().for_each(|sku| self.offers.invalidate(sku));
        Ok(())
    }

    /// Returns the offers of `skus`, at most 100. Unknown SKUs are left out.
    ///
    /// They are some seconds old at most. The price that is charged is that of the reservation.
    pub async fn offers(&self, skus: impl IntoIterator<Item = &Sku>) -> Result<HashMap<Sku, Offer>, Error> {
        let (mut offers, mut pending) = (HashMap::new(), Vec::new());
        for sku in skus {
            match self.offers.get(sku) {
                Some(offer) => _ = offers.insert(sku.clone(), offer),
                None => pending.push(key(offer_pk(sku), SK.to_owned())),
            }
        }
        let mut pauses = short_backoff().build();
        while !pending.is_empty() {
            let keys = KeysAndAttributes::builder().set_keys(Some(pending)).build()?;
            let output = self.client.batch_get_item().request_items(&self.table, keys).send().await?;
            for item in output.responses.unwrap_or_default().into_values().flatten() {
                let item: OfferItem = serde_dynamo::from_item(item)?;
                self.offers.insert(item.sku.clone(), item.offer.clone());
                offers.insert(item.sku, item.offer);
            }
            // Under load, DynamoDB returns some keys unprocessed.
            pending = output.unprocessed_keys.unwrap_or_default().into_values().flat_map(|keys| keys.keys).collect();
            if !pending.is_empty() {
                sleep(pauses.next().ok_or_else(|| Error::Unavailable("keys remain unprocessed".into()))?).await;
            }
        }
        Ok(offers)
    }

    fn put_product(&self, id: ProductId, before: u64, product: CatalogProduct) -> Result<TransactWriteItem, Error> {
        let item = ProductItem { pk: product_pk(id), sk: SK.to_owned(), product };
        let put = Put::builder().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        let put = match before {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            _ => put
                .condition_expression("#sequence = :before")
                .expression_attribute_names("#sequence", "sequence")
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn end_sale(&self, sku: &Sku) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(offer_pk(sku), SK.to_owned())))
            .update_expression("SET for_sale = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }
}

const SK: &str = "PRODUCT";
const CATALOGUE: &str = "CATALOGUE";

fn product_pk(id: ProductId) -> String {
    format!("PRODUCT#{id}")
}

fn offer_pk(sku: &Sku) -> String {
    format!("SKU#{sku}")
}
