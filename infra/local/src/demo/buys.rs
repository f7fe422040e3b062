//! Act 1: somebody comes, looks around, buys, and gets a confirmation by e-mail.

use anyhow::{Context, Result, ensure};
use contracts::Money;

use stack::api::{Page, Product, Variant};

use super::stage::Stage;

/// Plays it.
pub async fn play(stage: &Stage) -> Result<()> {
    stage.act("A customer buys something");
    let customer = stage.new_customer().await?;
    let choice = stage.step("browse", browse(stage)).await?;
    stage.step("search", search(stage, &choice[0].0)).await?;

    let wanted: Vec<_> = choice.iter().map(|(_, variant)| (variant.sku.clone(), 1)).collect();
    let mut prices = choice.iter().map(|(_, variant)| variant.price);
    let expected = prices.try_fold(Money::zero(choice[0].1.price.currency), Money::checked_add)?;
    stage
        .step("fill the cart", async {
            let total = customer.fill_cart(&wanted).await?.total;
            ensure!(total == Some(expected), "GET /v1/cart: expected a total of {expected}, came {total:?}");
            Ok(((), format!("{} articles, {expected}", wanted.len())))
        })
        .await?;
    let order = stage
        .step("order, with a good card", async {
            let order = customer.place_order("pm_card_visa").await?;
            Ok((order, order.to_string()))
        })
        .await?;
    stage
        .step("wait for the confirmation", async {
            let order = customer.order_when("confirmed", order, |order| order.status == "confirmed").await?;
            ensure!(order.total == Some(expected), "the order costs {:?}, expected {expected}", order.total);
            Ok(((), format!("confirmed, {expected}")))
        })
        .await?;
    stage
        .step("read the e-mail", async {
            let subject = customer.mail_about(&stage.mailbox, &order.to_string()).await?;
            Ok(((), format!("\"{subject}\"")))
        })
        .await
}

/// A look at the first page: the first two things of it that can be bought.
async fn browse(stage: &Stage) -> Result<(Vec<(Product, Variant)>, String)> {
    let page: Page = stage.anonymous.find("/v1/products", &[("limit", "20"), ("in_stock", "true")]).await?.read(200)?;
    let count = page.items.len();
    let in_stock = page.items.into_iter().filter_map(|product| {
        let variant = product.variants.iter().find(|variant| variant.in_stock)?.clone();
        Some((product, variant))
    });
    let choice: Vec<_> = in_stock.take(2).collect();
    ensure!(choice.len() == 2, "GET /v1/products: fewer than 2 products of the first page are in stock");
    let note = format!(
        "{count} products; likes {}",
        choice.iter().map(|(product, _)| &product.name[..]).collect::<Vec<_>>().join(" and ")
    );
    Ok((choice, note))
}

/// The product must be found by its name.
async fn search(stage: &Stage, wanted: &Product) -> Result<((), String)> {
    let found: Page = stage.anonymous.find("/v1/products", &[("q", &wanted.name)]).await?.read(200)?;
    let rank = found.items.iter().position(|product| product.id == wanted.id);
    let rank =
        rank.with_context(|| format!("GET /v1/products?q={}: {} is not among the results", wanted.name, wanted.id))?;
    Ok(((), format!("\"{}\" is result {} of {}", wanted.name, rank + 1, found.items.len())))
}
