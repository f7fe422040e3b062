//! The wait until everything has settled.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result};
use contracts::OrderId;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use stack::{
    api::{Order, Shopper},
    judge::{FINAL, Violation},
    postgres,
};
use tokio::time::{Instant, sleep};

use super::{
    Article, Observed, Shop,
    customer::Customer,
    faults::Injected,
    judgment::{self, Verdict},
    queues,
};

/// Interval of the reports of work that is on its way.
const REPORT: Duration = Duration::from_secs(10);
/// Time after which violations are looked at again.
const AGAIN: Duration = Duration::from_secs(10);
/// Customers that are asked at the same time.
pub const CONCURRENCY: usize = 8;

/// The orders of a customer, as listed.
#[derive(Debug)]
pub struct Listed {
    pub customer: Customer,
    pub orders: BTreeMap<OrderId, Order>,
}

impl Listed {
    /// True if every acknowledged order is in a final state. An order that is not listed is not.
    fn is_final(&self) -> bool {
        let is_final = |id| self.orders.get(id).is_some_and(|order| FINAL.contains(&order.status.as_str()));
        self.customer.orders.iter().all(is_final)
    }

    /// Lists all orders of the customer.
    pub async fn refresh(&mut self, shop: &Shop) -> Result<()> {
        #[derive(Deserialize)]
        struct Page {
            items: Vec<Order>,
            next_cursor: Option<String>,
        }
        self.customer.renew().await;
        let client = shop.service("order", &self.customer.shopper.token)?;
        let mut path = "/v1/orders?limit=50".to_owned();
        self.orders.clear();
        loop {
            let page: Page = client.get(&path).await?.json(200)?;
            self.orders.extend(page.items.into_iter().map(|order| (order.id, order)));
            let Some(cursor) = page.next_cursor else { return Ok(()) };
            path = format!("/v1/orders?limit=50&cursor={cursor}");
        }
    }
}

/// Lists the orders of customers, several at a time.
pub async fn refresh(shop: &Shop, customers: impl Iterator<Item = &mut Listed>) -> Result<()> {
    let all = stream::iter(customers).map(|listed| listed.refresh(shop)).buffer_unordered(CONCURRENCY);
    all.try_collect().await.context("cannot list orders")
}

/// Waits until no work is on its way and no violation is pending, or `limit` has passed, and returns the last verdict.
pub async fn settle(
    shop: &Shop,
    articles: &[Article],
    customers: Vec<Customer>,
    observed: &Observed,
    injected: &[Injected],
    limit: Duration,
) -> Result<Verdict> {
    let began = Instant::now();
    let mut reported = None::<Instant>;
    let report = |reported: &mut Option<Instant>, what: &[String]| {
        if reported.is_none_or(|last| last.elapsed() > REPORT) {
            println!("{:>5} s  waits for {}", began.elapsed().as_secs(), what.join(", "));
            *reported = Some(Instant::now());
        }
    };
    let mut all: Vec<_> = customers.into_iter().map(|customer| Listed { customer, orders: BTreeMap::new() }).collect();
    let mut seen_before: Option<Vec<Violation>> = None;
    loop {
        let has_time = began.elapsed() < limit;
        refresh(shop, all.iter_mut().filter(|listed| !listed.is_final())).await?;
        let pending = on_its_way(shop, articles, &all).await?;
        if !pending.is_empty() && has_time {
            report(&mut reported, &pending);
            seen_before = None;
            sleep(Duration::from_secs(1)).await;
            continue;
        }
        let verdict = judgment::judge(shop, articles, &mut all, observed, injected).await?;
        let pending: Vec<_> = verdict.violations.iter().filter(|violation| violation.is_pending).collect();
        let is_confirmed =
            verdict.violations.is_empty() || (pending.is_empty() && seen_before.as_ref() == Some(&verdict.violations));
        if is_confirmed || !has_time {
            return Ok(verdict);
        }
        let count = pending.len();
        let first = pending.first().map_or_else(String::new, |violation| format!(", such as {violation}"));
        report(&mut reported, &[format!("{count} effects{first}")]);
        seen_before = Some(verdict.violations);
        sleep(AGAIN).await;
    }
}

/// Work on its way, in words.
async fn on_its_way(shop: &Shop, articles: &[Article], all: &[Listed]) -> Result<Vec<String>> {
    let mut pending = Vec::new();
    let open = all.iter().filter(|listed| !listed.is_final()).count();
    if open > 0 {
        pending.push(format!("orders of {open} customers"));
    }
    pending
        .extend(queues::depths(shop).await?.into_iter().map(|(queue, count)| format!("{count} messages in {queue}")));
    let unpublished = unpublished(shop).await?;
    if unpublished > 0 {
        pending.push(format!("{unpublished} events in product's outbox"));
    }
    let staff = staff(shop).await?;
    let mut reserved = 0;
    for article in articles {
        reserved += staff.stock(&article.sku).await?.reserved;
    }
    if reserved > 0 {
        pending.push(format!("{reserved} reserved pieces"));
    }
    Ok(pending)
}

/// Number of events that product has not published.
pub async fn unpublished(shop: &Shop) -> Result<u64> {
    let count = postgres::query(&shop.python, &shop.record.urls.database, "select count(*) from outbox").await?;
    count.parse().with_context(|| format!("no count: {count}"))
}

/// The staff account at product, with a new token.
pub async fn staff(shop: &Shop) -> Result<Shopper> {
    let staff = shop.staff.renew().await?;
    let client = shop.service("product", &staff.token)?;
    Ok(Shopper { client, ..staff })
}
