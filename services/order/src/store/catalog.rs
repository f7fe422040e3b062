//! The replica of names and prices: an item per SKU for readers, and one per product that holds its snapshots together.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem, Update};
use contracts::{ProductId, Sku};
use serde::{Deserialize, Serialize};

use super::{Item, Store, key};
use crate::{domain::Offer, error::Error};

/// Which snapshot of a product the replica holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownProduct {
    /// The snapshot's sequence; 0 if none was seen.
    pub sequence: u64,
    /// What the snapshot offered.
    pub skus: Vec<Sku>,
}

#[derive(Serialize, Deserialize)]
struct ProductItem {
    pk: String,
    sk: String,
    #[serde(flatten)]
    product: KnownProduct,
}

#[derive(Serialize, Deserialize)]
struct OfferItem {
    pk: String,
    sk: String,
    sku: Sku,
    #[serde(flatten)]
    offer: Offer,
}

impl Store {
    /// What is known of the product.
    pub async fn known_product(&self, id: ProductId) -> Result<KnownProduct, Error> {
        let item: Option<ProductItem> = self.get(key(product_pk(id), SK.to_owned())).await?;
        Ok(item.map_or(KnownProduct { sequence: 0, skus: Vec::new() }, |item| item.product))
    }

    /// Puts a newer snapshot in the place of the one of sequence `before`, as a whole: the offers, and an end to the
    /// sale of the SKUs that are `gone`. [`Error::VersionConflict`] if the replica has moved on from `before`.
    pub async fn replace_product(
        &self,
        id: ProductId,
        before: u64,
        sequence: u64,
        offers: Vec<(Sku, Offer)>,
        gone: Vec<Sku>,
    ) -> Result<(), Error> {
        let skus = offers.iter().map(|(sku, _)| sku.clone()).collect();
        let mut items = vec![self.product_put(id, before, KnownProduct { sequence, skus })?];
        for (sku, offer) in offers {
            let item = OfferItem { pk: offer_pk(&sku), sk: SK.to_owned(), sku, offer };
            let put = Put::builder().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?)).build();
            items.push(TransactWriteItem::builder().put(put.map_err(|error| Error::Store(error.into()))?).build());
        }
        for sku in gone {
            items.push(self.end_of_sale(&sku)?);
        }
        self.transact(items, false).await.map(drop)
    }

    /// What is offered of `skus`, at most 100 of them. SKUs that nobody has heard of are left out.
    pub async fn offers(&self, skus: impl IntoIterator<Item = &Sku>) -> Result<HashMap<Sku, Offer>, Error> {
        let mut wanted: Vec<Item> = skus.into_iter().map(|sku| key(offer_pk(sku), SK.to_owned())).collect();
        let mut offers = HashMap::new();
        while !wanted.is_empty() {
            let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).build();
            let keys = keys.map_err(|error| Error::Store(error.into()))?;
            let answer = self.client.batch_get_item().request_items(&self.table, keys).send().await?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                let item: OfferItem = serde_dynamo::from_item(item)?;
                offers.insert(item.sku, item.offer);
            }
            // Under load, DynamoDB leaves some for the next call.
            wanted = answer.unprocessed_keys.unwrap_or_default().into_values().flat_map(|keys| keys.keys).collect();
        }
        Ok(offers)
    }

    fn product_put(&self, id: ProductId, before: u64, product: KnownProduct) -> Result<TransactWriteItem, Error> {
        let item = ProductItem { pk: product_pk(id), sk: SK.to_owned(), product };
        let put = Put::builder().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        let put = match before {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            _ => put
                .condition_expression("#sequence = :before")
                .expression_attribute_names("#sequence", "sequence")
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        let put = put.build().map_err(|error| Error::Store(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn end_of_sale(&self, sku: &Sku) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(offer_pk(sku), SK.to_owned())))
            .update_expression("SET for_sale = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .build()
            .map_err(|error| Error::Store(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

const SK: &str = "PRODUCT";

fn product_pk(id: ProductId) -> String {
    format!("PRODUCT#{id}")
}

fn offer_pk(sku: &Sku) -> String {
    format!("SKU#{sku}")
}
