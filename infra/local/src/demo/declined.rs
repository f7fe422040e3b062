//! Act 2: the card is declined, and a second one is good.

use anyhow::{Context, Result};

use stack::api::Page;

use super::stage::Stage;

/// Plays it.
pub async fn play(stage: &Stage) -> Result<()> {
    stage.act("A card is declined, a second one is good");
    let customer = stage.new_customer().await?;
    let sku = stage
        .step("put 1 into the cart", async {
            let page: Page =
                stage.anonymous.find("/v1/products", &[("limit", "20"), ("in_stock", "true")]).await?.read(200)?;
            let mut variants = page.items.into_iter().flat_map(|product| product.variants);
            let sku = variants.find(|variant| variant.in_stock).context("nothing is in stock")?.sku;
            customer.fill_cart(&[(sku.clone(), 1)]).await?;
            Ok((sku.clone(), sku.to_string()))
        })
        .await?;
    let order = stage
        .step("order, with a bad card", async {
            let order = customer.place_order("pm_card_chargeDeclined").await?;
            Ok((order, order.to_string()))
        })
        .await?;
    stage
        .step("wait for the refusal", async {
            let declined = customer.order_when("waiting for another card", order, |order| {
                order.status == "awaiting_payment"
                    && order.payment.as_ref().is_some_and(|payment| payment.status == "declined")
            });
            let reason = declined.await?.payment.and_then(|payment| payment.decline_reason);
            let reason = reason.with_context(|| format!("GET /v1/orders/{order}: no decline_reason"))?;
            Ok(((), format!("{reason}; {sku} stays reserved")))
        })
        .await?;
    stage
        .step("pay with a good card", async {
            customer.pay_again(order, "pm_card_visa").await?;
            Ok(((), "pm_card_visa".to_owned()))
        })
        .await?;
    stage
        .step("wait for the confirmation", async {
            customer.order_when("confirmed", order, |order| order.status == "confirmed").await?;
            Ok(((), "confirmed".to_owned()))
        })
        .await?;
    stage
        .step("read the e-mail", async {
            let subject = customer.mail_about(&stage.mailbox, &order.to_string()).await?;
            Ok(((), format!("\"{subject}\"")))
        })
        .await
}
