//! Counts: drives orders through a shop that runs on this machine, and reads the emulated AWS's meters before and after.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use contracts::Sku;
use futures::future::try_join_all;
use serde::Deserialize;

use super::calls::{self, Calls, Meter, Meters, Run};
use stack::{
    api::{Client, Shopper, first_in_stock},
    clock,
    record::{Part, Record},
};

/// How long a shop that nobody visits is watched: long enough for some of whatever goes by the clock.
const IDLE: Duration = Duration::from_secs(60);

/// A shop in which nothing has moved for so long has nothing under way.
const QUIET: Duration = Duration::from_secs(3);

/// How long it may take until nothing moves.
const QUIET_LIMIT: Duration = Duration::from_secs(120);

/// Counts an idle minute, then `orders`, then twice as many, `at_once` under way at the same time.
pub async fn count(stack: &Record, orders: u64, at_once: usize) -> Result<Calls> {
    let mut shop = Shop::open(stack, at_once).await?;
    shop.stock_up(orders).await?;
    eprintln!("Watching the idle shop for {} s.", IDLE.as_secs());
    let idle = shop.idle().await?;
    eprintln!("Driving {orders} orders.");
    let fewer = shop.sell(orders).await?;
    eprintln!("Driving {} orders.", 2 * orders);
    let more = shop.sell(2 * orders).await?;
    let counted = clock::now().format("%Y-%m-%d").to_string();
    Ok(Calls { counted, at_once, idle, fewer, more })
}

struct Shop<'a> {
    stack: &'a Record,
    http: reqwest::Client,
    anonymous: Client,
    customers: Vec<Shopper>,
    article: Sku,
}

impl<'a> Shop<'a> {
    async fn open(stack: &'a Record, at_once: usize) -> Result<Self> {
        let anonymous = Client::new(&stack.urls.front_door)?;
        let mut customers = Vec::new();
        for _ in 0..at_once {
            customers.push(Shopper::sign_up(&anonymous).await?);
        }
        let article = first_in_stock(&anonymous, "/v1/products?limit=1&in_stock=true").await?.sku;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build()?;
        Ok(Self { stack, http, anonymous, customers, article })
    }

    /// Has staff add what will be sold, so that the stock is as before in the end.
    async fn stock_up(&self, orders: u64) -> Result<()> {
        let staff = self.stack.accounts.get("staff").context("the shop has no account `staff`")?;
        let staff = Shopper::sign_in(&self.anonymous, &staff.email, &staff.password).await?;
        staff.adjust(&self.article, i64::try_from(3 * orders)?).await
    }

    async fn idle(&self) -> Result<Run> {
        self.run(0, async {
            tokio::time::sleep(IDLE).await;
            Ok(())
        })
        .await
    }

    async fn sell(&mut self, orders: u64) -> Result<Run> {
        // A token lives for ten minutes, so each run begins with new ones.
        let sign_ins = self.customers.iter().map(Shopper::renew);
        let customers = try_join_all(sign_ins).await?;
        let share =
            |position: u64| orders / customers.len() as u64 + u64::from(position < orders % customers.len() as u64);
        let work = customers.iter().zip(0..).map(async |(customer, position)| {
            for _ in 0..share(position) {
                self.buy(customer).await?;
            }
            anyhow::Ok(())
        });
        self.run(orders, async { try_join_all(work).await.map(drop) }).await
    }

    /// One order, from the cart to the confirmation. Waits by the mail, which is no call of the shop's.
    async fn buy(&self, customer: &Shopper) -> Result<()> {
        customer.put_in_cart(&self.article, 1).await?;
        let order = customer.place_order("pm_card_visa").await?;
        customer.mail_about(&self.stack.urls.mails, &order.to_string()).await?;
        customer.order_in(order, &["confirmed"]).await?;
        Ok(())
    }

    /// What is metered while `work` goes on, and until all that it has caused is done.
    async fn run(&self, orders: u64, work: impl Future<Output = Result<()>>) -> Result<Run> {
        let before = self.quiet().await?;
        let began = Instant::now();
        work.await?;
        let after = self.quiet().await?;
        let milliseconds = u64::try_from(began.elapsed().as_millis())?;
        Ok(Run { orders, milliseconds, meters: calls::since(&after, &before) })
    }

    /// The meters, as soon as no message moves and none waits: also reminders of deadlines are an order's calls.
    async fn quiet(&self) -> Result<Meters> {
        let limit = Instant::now() + QUIET_LIMIT;
        let mut last = self.meters().await?;
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.meters().await?;
            let moved = calls::since(&now, &last).into_keys().filter(|name| is_message(name)).collect::<Vec<_>>();
            let waiting = self.waiting().await?;
            if moved.is_empty() && waiting == 0 {
                return Ok(now);
            }
            ensure!(
                Instant::now() < limit,
                "the shop does not come to rest: {waiting} messages wait, and there was {}. Reminders of deadlines must be \
                 short: `cargo shop up --fresh --set order.STOCK_DEADLINE_SECONDS=15 --set order.PAYMENT_DEADLINE_SECONDS=20`",
                if moved.is_empty() { "nothing new".to_owned() } else { moved.join(", ") }
            );
            last = now;
        }
    }

    /// How many messages are in queues, those that nobody may receive yet included. A look that is no call.
    async fn waiting(&self) -> Result<usize> {
        #[derive(Deserialize)]
        struct Queues {
            /// By account, Region and queue.
            messages: BTreeMap<String, BTreeMap<String, BTreeMap<String, Vec<serde_json::Value>>>>,
        }
        let url = format!("{}/_ministack/sqs/messages", self.stack.urls.aws);
        let answer = self.http.get(&url).send().await?.error_for_status()?;
        let queues: Queues = answer.json().await.with_context(|| format!("GET {url}"))?;
        Ok(queues
            .messages
            .into_values()
            .flat_map(BTreeMap::into_values)
            .flat_map(BTreeMap::into_values)
            .map(|q| q.len())
            .sum())
    }

    async fn meters(&self) -> Result<Meters> {
        let url = format!("{}/_shop/calls", self.stack.urls.aws);
        let told = self.http.get(&url).send().await.and_then(reqwest::Response::error_for_status);
        let old = || format!("GET {url}: the emulated AWS does not count: start the stack again");
        let mut meters: Meters = told.with_context(old)?.json().await.with_context(old)?;
        meters.extend(logs(&self.stack.parts)?);
        Ok(meters)
    }
}

/// Whether it is a message on its way, or what handles one.
fn is_message(name: &str) -> bool {
    calls::is_billable(name) && matches!(calls::parts(name).0, "lambda" | "sns" | "sqs")
}

/// What the services have written to their logs. Those of functions are metered by the emulated AWS.
fn logs(parts: &BTreeMap<String, Part>) -> Result<Meters> {
    let services = ["product", "order"].map(|name| {
        let Some(Part::Process { log, .. }) = parts.get(name) else { anyhow::bail!("the stack has no part `{name}`") };
        let bytes = fs::metadata(log).with_context(|| format!("no log {}", log.display()))?.len().into();
        Ok((format!("logs write {name}"), Meter { bytes, ..Meter::default() }))
    });
    services.into_iter().collect()
}
