//! Counts calls: drives orders through a local stack, and reads the meters of the emulated AWS before and after.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use contracts::Sku;
use futures::future::try_join_all;
use serde::Deserialize;

use super::calls::{self, Calls, Meter, Meters, Run};
use stack::{
    api::{Client, Shopper, first_in_stock},
    clock,
    record::{Part, Record},
    topology::{Service, Topology},
};

/// Duration of the idle run: several sweeps and polls.
const IDLE: Duration = Duration::from_secs(60);

/// Time without a message after which no work is pending.
const QUIET: Duration = Duration::from_secs(3);

/// Time in which all work must be done.
const QUIET_LIMIT: Duration = Duration::from_secs(120);

/// Counts an idle minute, then `orders`, then twice as many, `at_once` of them concurrently.
pub async fn count(stack: &Record, orders: u64, at_once: usize) -> Result<Calls> {
    let mut shop = Shop::open(stack, at_once).await?;
    shop.stock_up(orders).await?;
    eprintln!("counting the idle shop for {} s", IDLE.as_secs());
    let idle = shop.idle().await?;
    eprintln!("driving {orders} orders");
    let fewer = shop.sell(orders).await?;
    eprintln!("driving {} orders", 2 * orders);
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
        let anonymous = Client::new(&stack.urls.public_api)?;
        let mut customers = Vec::new();
        for _ in 0..at_once {
            customers.push(Shopper::sign_up(&anonymous).await?);
        }
        let article = first_in_stock(&anonymous, "/v1/products?limit=1&in_stock=true").await?.sku;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build()?;
        Ok(Self { stack, http, anonymous, customers, article })
    }

    /// Adds the quantity to be sold to the stock, which is restored in the end.
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
        // A token expires after ten minutes, so each run starts with new ones.
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

    /// Places one order and waits for its confirmation. Waits for the mail first, since reading it is no billed call.
    async fn buy(&self, customer: &Shopper) -> Result<()> {
        customer.put_in_cart(&self.article, 1).await?;
        let order = customer.place_order("pm_card_visa").await?;
        customer.mail_about(&self.stack.urls.mails, &order.to_string()).await?;
        customer.order_in(order, &["confirmed"]).await?;
        Ok(())
    }

    /// Meters of `work` and of everything that it causes.
    async fn run(&self, orders: u64, work: impl Future<Output = Result<()>>) -> Result<Run> {
        let before = self.quiet().await?;
        let began = Instant::now();
        work.await?;
        let after = self.quiet().await?;
        let milliseconds = u64::try_from(began.elapsed().as_millis())?;
        Ok(Run { orders, milliseconds, meters: calls::since(&after, &before) })
    }

    /// Meters, as soon as no message is moving or waiting. Reminders of deadlines are calls of an order, too.
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
                "the shop does not settle: {waiting} messages are waiting, and there was {}. Deadlines must be \
                 short: infra/bench/README.md names the command",
                if moved.is_empty() { "nothing new".to_owned() } else { moved.join(", ") }
            );
            last = now;
        }
    }

    /// Number of messages in all queues, delayed ones included. Not a billed call.
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
        let old = || format!("GET {url}: the emulated AWS has no meters: restart the stack");
        let mut meters: Meters = told.with_context(old)?.json().await.with_context(old)?;
        meters.extend(logs(&self.stack.parts)?);
        Ok(meters)
    }
}

/// Whether a meter is about messages or their handlers.
fn is_message(name: &str) -> bool {
    calls::is_billable(name) && matches!(calls::parts(name).0, "lambda" | "sns" | "sqs")
}

/// Bytes in the logs of services. The emulated AWS meters those of functions.
fn logs(parts: &BTreeMap<String, Part>) -> Result<Meters> {
    let mut meters = Meters::new();
    for Service { name, .. } in Topology::load()?.services {
        let Some(Part::Process { log, .. }) = parts.get(&name) else { bail!("the stack has no part `{name}`") };
        let bytes = fs::metadata(log).with_context(|| format!("no log {}", log.display()))?.len().into();
        meters.insert(format!("logs write {name}"), Meter { bytes, ..Meter::default() });
    }
    Ok(meters)
}
