//! Act 3: somebody wants more than there is. The order is rejected, and the stock is as it was.

use anyhow::{Context, Result, ensure};
use contracts::Sku;
use futures::{StreamExt, TryStreamExt, stream};

use stack::api::{Page, Shopper};

use super::stage::Stage;

/// The most pieces of one SKU that a cart takes.
const CART_LIMIT: u32 = 99;

/// How many pieces staff leaves of a SKU of which there are too many.
const LEFT_OVER: u32 = 3;

/// A SKU that is hard to get.
struct Scarce {
    sku: Sku,
    available: u32,
    /// Pieces that staff took out of stock for this act.
    set_aside: u32,
}

/// Plays it.
pub async fn play(stage: &Stage) -> Result<()> {
    stage.act("A customer wants more than there is");
    let staff = stage.staff().await?;
    let Scarce { sku, available, set_aside } = stage
        .step("staff counts the stock", async {
            let found = scarce(stage, &staff).await?;
            let note = format!("{} of {}", found.available, found.sku);
            Ok((found, note))
        })
        .await?;
    let before = staff.stock(&sku).await?;
    let customer = stage.new_customer().await?;
    let wanted = available + 1;
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
        .await?;
    if set_aside > 0 {
        staff.adjust(&sku, set_aside.into()).await?;
    }
    Ok(())
}

/// A SKU of which there are so few that one cart can want more: one of the first page. Where there are more of all of
/// them, as in a catalogue for load, staff sets most of the first one aside.
async fn scarce(stage: &Stage, staff: &Shopper) -> Result<Scarce> {
    let page = [("limit", "50"), ("in_stock", "true")];
    let page: Page = stage.anonymous.find("/v1/products", &page).await?.read(200)?;
    let variants = page.items.into_iter().flat_map(|product| product.variants);
    let counts = variants.map(async |variant| anyhow::Ok((staff.stock(&variant.sku).await?, variant.sku)));
    let counts: Vec<_> = stream::iter(counts).buffered(10).try_collect().await?;
    let few = counts.iter().find(|(stock, _)| (1..CART_LIMIT).contains(&stock.available));
    if let Some((stock, sku)) = few {
        return Ok(Scarce { sku: sku.clone(), available: stock.available, set_aside: 0 });
    }
    let (stock, sku) = counts.into_iter().find(|(stock, _)| stock.available > 0).context("nothing is in stock")?;
    let set_aside = stock.available - LEFT_OVER;
    staff.adjust(&sku, -i64::from(set_aside)).await?;
    Ok(Scarce { sku, available: LEFT_OVER, set_aside })
}
