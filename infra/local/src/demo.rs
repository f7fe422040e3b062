//! The demo: three scenarios through the public API, each step checked and timed.

use std::{cell::Cell, collections::BTreeMap, future::Future, time::Instant};

use anyhow::{Context, Result, ensure};
use contracts::{Money, Sku};
use futures::{StreamExt, TryStreamExt, stream};
use stack::{
    api::{Client, Page, Shopper, Variant, first_in_stock},
    record::{Account, Record},
};

const GOOD_CARD: &str = "pm_card_visa";
const DECLINED_CARD: &str = "pm_card_chargeDeclined";
const IN_STOCK: &str = "/v1/products?limit=20&in_stock=true";

/// Largest quantity of one SKU in a cart.
const CART_LIMIT: i64 = 99;

/// A running shop.
#[derive(Debug)]
pub struct Shop {
    /// URL of the public API.
    pub api: String,
    /// URL of every mail that was sent.
    pub mails: String,
    /// Local accounts by name.
    pub accounts: BTreeMap<String, Account>,
}

impl From<Record> for Shop {
    fn from(record: Record) -> Self {
        Self { api: record.urls.public_api, mails: record.urls.mails, accounts: record.accounts }
    }
}

/// Runs all scenarios. The first failed step is the error.
pub async fn run(shop: &Shop) -> Result<()> {
    let demo = Demo { shop, anonymous: Client::new(&shop.api)?, began: Instant::now(), steps: Cell::new(0) };
    demo.purchase().await?;
    demo.declined_card().await?;
    demo.out_of_stock().await?;
    println!("\nAll {} steps passed, in {:.1} s.", demo.steps.get(), demo.began.elapsed().as_secs_f64());
    Ok(())
}

struct Demo<'a> {
    shop: &'a Shop,
    anonymous: Client,
    began: Instant,
    steps: Cell<usize>,
}

impl Demo<'_> {
    /// Runs a step and prints its outcome.
    async fn step<T>(&self, name: &str, work: impl Future<Output = Result<(T, String)>>) -> Result<T> {
        let began = Instant::now();
        let (outcome, note) = work.await.with_context(|| format!("step `{name}` failed"))?;
        self.steps.set(self.steps.get() + 1);
        println!("  {name:<30} {:>6} ms   {note}", began.elapsed().as_millis());
        Ok(outcome)
    }

    async fn new_customer(&self) -> Result<Shopper> {
        let sign_up = async {
            let customer = Shopper::sign_up(&self.anonymous).await?;
            let email = customer.email.clone();
            Ok((customer, email))
        };
        self.step("register and sign in", sign_up).await
    }

    async fn purchase(&self) -> Result<()> {
        println!("\nA customer buys something");
        let customer = self.new_customer().await?;
        let choice = self.step("browse", self.browse()).await?;
        self.step("search", self.search(&choice[0].0)).await?;
        let mut prices = choice.iter().map(|(_, variant)| variant.price);
        let total = prices.try_fold(Money::zero(choice[0].1.price.currency), Money::checked_add)?;
        self.step("fill the cart", async {
            for (_, variant) in &choice {
                customer.put_in_cart(&variant.sku, 1).await?;
            }
            let cart = customer.cart().await?;
            ensure!(cart.total == Some(total), "GET /v1/cart: expected a total of {total}, got {cart:?}");
            Ok(((), format!("{} items, {total}", cart.items.len())))
        })
        .await?;
        self.order_and_confirm(&customer, Some(total)).await
    }

    /// Returns two products of the first page, with a variant in stock.
    async fn browse(&self) -> Result<(Vec<(String, Variant)>, String)> {
        let page: Page = self.anonymous.get(IN_STOCK).await?.json(200)?;
        let count = page.items.len();
        let mut choice = Vec::new();
        for product in page.items {
            if let Some(variant) = product.variants.into_iter().find(|variant| variant.in_stock) {
                choice.push((product.name, variant));
            }
        }
        choice.truncate(2);
        ensure!(choice.len() == 2, "GET {IN_STOCK}: fewer than 2 products are in stock");
        Ok((choice, format!("{count} products")))
    }

    async fn search(&self, name: &str) -> Result<((), String)> {
        let path = format!("/v1/products?q={}", name.replace(' ', "+"));
        let found: Page = self.anonymous.get(&path).await?.json(200)?;
        let rank = found.items.iter().position(|product| product.name == name);
        let rank = rank.with_context(|| format!("GET {path}: the product is not among the results"))?;
        Ok(((), format!("\"{name}\" is result {} of {}", rank + 1, found.items.len())))
    }

    async fn order_and_confirm(&self, customer: &Shopper, total: Option<Money>) -> Result<()> {
        let order = self
            .step("order, with a good card", async {
                let order = customer.place_order(GOOD_CARD).await?;
                Ok((order, order.to_string()))
            })
            .await?;
        self.step("order is confirmed", async {
            let order = customer.order_in(order, &["confirmed"]).await?;
            ensure!(order.total == total, "expected a total of {total:?}, got {:?}", order.total);
            Ok(((), "confirmed".to_owned()))
        })
        .await?;
        self.step("confirmation mail", self.mail(customer, &order.to_string())).await
    }

    async fn mail(&self, customer: &Shopper, text: &str) -> Result<((), String)> {
        let subject = customer.mail_about(&self.shop.mails, text).await?;
        Ok(((), format!("\"{subject}\"")))
    }

    async fn declined_card(&self) -> Result<()> {
        println!("\nA card is declined, a second one is accepted");
        let customer = self.new_customer().await?;
        let order = self
            .step("order, with a bad card", async {
                let variant = first_in_stock(&self.anonymous, IN_STOCK).await?;
                customer.put_in_cart(&variant.sku, 1).await?;
                let order = customer.place_order(DECLINED_CARD).await?;
                Ok((order, order.to_string()))
            })
            .await?;
        self.step("payment is declined", async {
            let declined = customer.order_declined(order).await?;
            let reason = declined.payment.and_then(|payment| payment.decline_reason);
            let reason = reason.with_context(|| format!("order {order} has no decline_reason"))?;
            Ok(((), format!("{reason}; the stock stays reserved")))
        })
        .await?;
        self.step("pay with a good card", async {
            customer.pay(order, GOOD_CARD).await?.ensure(202)?;
            Ok(((), GOOD_CARD.to_owned()))
        })
        .await?;
        self.step("order is confirmed", async {
            customer.order_in(order, &["confirmed"]).await?;
            Ok(((), "confirmed".to_owned()))
        })
        .await?;
        self.step("confirmation mail", self.mail(&customer, &order.to_string())).await
    }

    async fn out_of_stock(&self) -> Result<()> {
        println!("\nA customer orders more than there is in stock");
        let staff = self.shop.accounts.get("staff").context("the shop has no account `staff`")?;
        let staff = Shopper::sign_in(&self.anonymous, &staff.email, &staff.password).await?;
        let (sku, removed) = self.step("staff reads the stock", self.scarce(&staff)).await?;
        let before = staff.stock(&sku).await?;
        let customer = self.new_customer().await?;
        let quantity = u32::try_from(before.available + 1)?;
        let order = self
            .step("order too many", async {
                customer.put_in_cart(&sku, quantity).await?;
                let order = customer.place_order(GOOD_CARD).await?;
                Ok((order, format!("{quantity} of {sku}, {order}")))
            })
            .await?;
        self.step("order is rejected", async {
            let order = customer.order_in(order, &["rejected"]).await?;
            let reason = order.rejection_reason.unwrap_or_default();
            ensure!(reason == "out_of_stock", "expected out_of_stock as the reason, got `{reason}`");
            Ok(((), reason))
        })
        .await?;
        self.step("stock is as before", async {
            staff.stock_becomes(&sku, before).await?;
            Ok(((), format!("{} available", before.available)))
        })
        .await?;
        if removed > 0 {
            staff.adjust(&sku, removed).await?;
        }
        Ok(())
    }

    /// Returns a SKU with less stock than a cart takes, and the stock that staff removed for that.
    async fn scarce(&self, staff: &Shopper) -> Result<((Sku, i64), String)> {
        const KEPT: i64 = 3;
        let page: Page = self.anonymous.get("/v1/products?limit=50&in_stock=true").await?.json(200)?;
        let variants = page.items.into_iter().flat_map(|product| product.variants);
        let stocks = variants.map(async |variant| anyhow::Ok((variant.sku.clone(), staff.stock(&variant.sku).await?)));
        let stocks: Vec<_> = stream::iter(stocks).buffered(10).try_collect().await?;
        let few = stocks.iter().find(|(_, stock)| (1..CART_LIMIT).contains(&stock.available));
        if let Some((sku, stock)) = few {
            return Ok(((sku.clone(), 0), format!("{} of {sku}", stock.available)));
        }
        let (sku, stock) = stocks.into_iter().find(|(_, stock)| stock.available > 0).context("nothing is in stock")?;
        let removed = stock.available - KEPT;
        staff.adjust(&sku, -removed).await?;
        Ok(((sku.clone(), removed), format!("{KEPT} of {sku}, {removed} removed")))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_failed_step_is_named_in_the_error() {
        let shop = Shop { api: "http://127.0.0.1:1".to_owned(), mails: String::new(), accounts: BTreeMap::new() };
        let error = tokio::time::timeout(Duration::from_secs(30), run(&shop)).await.unwrap().unwrap_err();
        assert!(format!("{error:#}").contains("step `register and sign in` failed"), "{error:#}");
    }
}
