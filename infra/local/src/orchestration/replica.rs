//! Waiting until order has heard of the whole catalogue: it keeps its own copy of names and prices, fed by events.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use aws_sdk_sqs::types::QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};
use serde::Deserialize;
use serde_json::json;

use super::{Account, ready};
use stack::api::{Client, Response, Shopper};

/// Enough for a catalogue of ten thousand products.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Catalogue {
    products: Vec<Product>,
}

#[derive(Deserialize)]
struct Product {
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    sku: String,
}

/// Waits until the last SKU of `catalogue` can be put into a cart, and no event is on its way to order.
pub async fn filled(
    front_door: &str,
    shopper: &Account,
    catalogue: &Path,
    sqs: &aws_sdk_sqs::Client,
    inbox: &str,
) -> Result<()> {
    let text = fs::read_to_string(catalogue).with_context(|| format!("cannot read {}", catalogue.display()))?;
    let catalogue: Catalogue = serde_json::from_str(&text)?;
    let variants = catalogue.products.into_iter().rev().find_map(|product| product.variants.into_iter().next_back());
    if let Some(Variant { sku }) = variants {
        let shopper = Shopper::sign_in(&Client::new(front_door)?, &shopper.email, &shopper.password).await?.client;
        let item = format!("/v1/cart/items/{sku}");
        ready::until(LIMIT, async || shopper.put(&item, &json!({ "quantity": 1 })).await?.ensure(200)).await?;
        Response::try_to(shopper.request(reqwest::Method::DELETE, &item)).await?.ensure(200)?;
    }
    ready::until(LIMIT, async || {
        let names = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
        let query = sqs.get_queue_attributes().queue_url(inbox).set_attribute_names(Some(names.into()));
        let waiting = query.send().await?.attributes.unwrap_or_default();
        ensure!(waiting.values().all(|count| count == "0"), "events are on their way: {waiting:?}");
        Ok(())
    })
    .await
    .context("order has not taken over the catalogue")
}
