//! Act 3: somebody wants more than there is. The order is rejected, and the stock is as it was.

use anyhow::{Context, Result, ensure};
use contracts::Sku;

use super::{
    shopper::{Page, Shopper, Stock},
    stage::Stage,
};

/// The most pieces of one SKU that a cart takes.
const CART_LIMIT: u32 = 99;

/// Plays it.
pub async fn play(stage: &Stage) -> Result<()> {
    stage.act("A customer wants more than there is");
    let staff = stage.staff().await?;
    let (sku, before) = stage.step("staff counts the stock", scarce(stage, &staff)).await?;
    let customer = stage.new_customer().await?;
    let wanted = before.available + 1;
    stage
        .step("put too many into the cart", async {
            customer.fill_cart(&[(sku.clone(), wanted)]).await?;
            Ok(((), format!("{wanted} of {sku}")))
        })
        .await?;
    let order = stage
        .step("order, with a good card", async {
            let order = customer.place_order("pm_card_visa").await?;
            Ok((order, order.to_string()))
        })
        .await?;
    stage
        .step("wait for the rejection", async {
            let rejected = customer.order_when("rejected", order, |order| order.status == "rejected").await?;
            let reason = rejected.rejection_reason.unwrap_or_default();
            ensure!(
                reason == "out_of_stock",
                "GET /v1/orders/{order}: expected out_of_stock as the reason, came `{reason}`"
            );
            Ok(((), reason))
        })
        .await?;
    stage
        .step("staff counts again", async {
            let after = staff.stock(&sku).await?;
            ensure!(
                after == before,
                "GET /v1/inventory/{sku}: expected {before:?} as before the order, came {after:?}"
            );
            Ok(((), format!("{} available, as before", after.available)))
        })
        .await
}

/// A SKU of which there are few enough that one cart can want more.
async fn scarce(stage: &Stage, staff: &Shopper) -> Result<((Sku, Stock), String)> {
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", "100")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page: Page = stage.anonymous.find("/v1/products", &query).await?.read(200)?;
        for variant in page.items.into_iter().flat_map(|product| product.variants) {
            let stock = staff.stock(&variant.sku).await?;
            if (1..CART_LIMIT).contains(&stock.available) {
                let note = format!("{} of {}", stock.available, variant.sku);
                return Ok(((variant.sku, stock), note));
            }
        }
        cursor = Some(page.next_cursor.context("there are more of every SKU than a cart takes")?);
    }
}
