//! Overload: three times the peak rate of checkouts, offered to order for a minute. Order is asked directly: through
//! the emulated API Gateway, the emulator would be measured.

mod journal;

use std::{
    collections::VecDeque,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use contracts::Sku;
use futures::{StreamExt, TryStreamExt, future::join_all, stream};
use serde_json::json;
use stack::{
    api::{Client, Processor, Response, Shopper, Stock, first_in_stock, new_key, shipping_address},
    clock,
    record::{Part, Record},
};
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{interval, sleep},
};

use self::journal::Journal;

/// Concurrent customers of each step to the peak.
const STEPS: [usize; 5] = [4, 8, 16, 32, 64];
/// Duration of a step. The confirmations of its second half are counted.
const STEP: Duration = Duration::from_secs(20);
const OVERLOAD: Duration = Duration::from_secs(60);
/// Limit of the wait for the end of an order.
const PATIENCE: Duration = Duration::from_secs(180);

/// Goodput, in percent of the peak.
const GOODPUT_BAR: f64 = 80.0;
/// 99th percentile of the time of a refusal within order.
const REFUSAL_BAR: u64 = 20;
const RECOVERY_BAR: f64 = 30.0;
/// Checkouts are as quick as before if they take at most this many times as long.
const RECOVERED: f64 = 1.5;

struct Load {
    order: Client,
    journal: Journal,
    sku: Sku,
    customers: Mutex<VecDeque<Customer>>,
}

struct Customer {
    client: Client,
    /// Whether the cart has a line, because the last checkout was refused.
    is_cart_filled: bool,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    /// Id of the accepted order.
    Accepted(String),
    /// Time of the refusal, in milliseconds, as the client sees it.
    Refused(u64),
    Failed(String),
}

/// Finds the peak, offers three times as much, and prints the goodput. Exits with 1 if a bar is missed.
pub async fn overload(stack: &Record, customers: usize) -> Result<ExitCode> {
    let public = Client::new(&stack.urls.public_api)?;
    let sku = first_in_stock(&public, "/v1/products?limit=20").await?.sku;
    let staff = stack.accounts.get("staff").context("the shop has no account `staff`")?;
    let staff = Shopper::sign_in(&public, &staff.email, &staff.password).await?;
    staff.adjust(&sku, 100_000).await?;
    let before = staff.stock(&sku).await?;
    let Some(Part::Process { log, .. }) = stack.parts.get("order") else { anyhow::bail!("the stack has no order") };
    let order = Client::new(stack.urls.services.get("order").context("order has no address")?)?;
    let load = Load { journal: Journal::follow(log)?, order, sku, customers: Mutex::default() };
    eprintln!("registering {customers} customers");
    let registered = stream::iter(0..customers).map(|_| Shopper::sign_up(&public)).buffer_unordered(3);
    let customers =
        registered.map_ok(|shopper| Customer { client: load.order.with_token(shopper.token), is_cart_filled: false });
    *load.customers.lock().await = customers.try_collect().await?;

    let alone = load.alone().await?;
    println!("a checkout alone: confirmed after {alone:.1} s");
    let mut peak = 0.0_f64;
    for customers in STEPS {
        let rate = load.closed(customers).await?;
        println!("{customers:>3} customers at once: {rate:.1} confirmed orders/s");
        if rate < peak * 1.05 {
            break;
        }
        peak = peak.max(rate);
    }
    load.settle().await;
    ensure!(peak > 0.0, "no order was confirmed");

    let load = Arc::new(load);
    let (began, refusals_before) = (clock::now(), load.journal.refusals().len());
    let outcomes = load.open(3.0 * peak).await;
    let ended = clock::now();
    let recovery = load.recovery(ended, alone).await;
    load.settle().await;
    let goodput = load.journal.confirmed(began, ended) as f64 / OVERLOAD.as_secs_f64() / peak * 100.0;
    let inside = &load.journal.refusals()[refusals_before..];
    print_outcomes(&outcomes, 3.0 * peak, inside);
    let p99 = percentile(inside, 99);
    println!("goodput: {goodput:.0} % of the peak of {peak:.1} orders/s (bar: {GOODPUT_BAR:.0} %)");
    println!("refusals within order: p99 {p99} ms (bar: {REFUSAL_BAR} ms)");
    println!("a checkout as quick as before: {recovery:.1} s after the load (bar: {RECOVERY_BAR:.0} s)");
    load.judge(stack, &staff, before).await?;
    let met = goodput >= GOODPUT_BAR && p99 <= REFUSAL_BAR && recovery <= RECOVERY_BAR;
    println!("the bars are {}", if met { "met" } else { "MISSED" });
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_outcomes(outcomes: &[Outcome], rate: f64, inside: &[u64]) {
    let mut seen = Vec::new();
    let mut failed = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Accepted(_) => {}
            Outcome::Refused(milliseconds) => seen.push(*milliseconds),
            Outcome::Failed(reason) => failed.push(reason),
        }
    }
    let accepted = outcomes.len() - seen.len() - failed.len();
    println!("offered {} checkouts in {} s ({rate:.1}/s):", outcomes.len(), OVERLOAD.as_secs());
    println!("  accepted {accepted}, refused {}, failed {} {:?}", seen.len(), failed.len(), failed.first());
    println!("  refusals for the client: p50 {} ms, p99 {} ms", percentile(&seen, 50), percentile(&seen, 99));
    println!("  refusals within order:   p50 {} ms, p99 {} ms", percentile(inside, 50), percentile(inside, 99));
}

fn percentile(values: &[u64], percent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

impl Load {
    /// Median time to a confirmation, in seconds, of checkouts one after the other.
    async fn alone(&self) -> Result<f64> {
        let mut times = Vec::new();
        for _ in 0..5 {
            let Outcome::Accepted(id) = self.next_checkout().await else { continue };
            times.extend(self.journal.confirmation(&id, PATIENCE).await.map(|time| (time * 1000.0) as u64));
        }
        ensure!(times.len() >= 3, "checkouts fail without load");
        Ok(percentile(&times, 50) as f64 / 1000.0)
    }

    /// Confirmed orders per second of customers who each order again after the confirmation.
    async fn closed(&self, customers: usize) -> Result<f64> {
        let (began, until) = (Instant::now(), Instant::now() + STEP);
        let work = (0..customers).map(async |_| {
            while Instant::now() < until {
                match self.next_checkout().await {
                    Outcome::Accepted(id) => {
                        _ = self.journal.confirmation(&id, STEP.saturating_sub(began.elapsed())).await
                    }
                    Outcome::Refused(_) | Outcome::Failed(_) => sleep(Duration::from_secs(1)).await,
                }
            }
        });
        join_all(work).await;
        let end = clock::now();
        Ok(self.journal.confirmed(end - STEP / 2, end) as f64 / (STEP / 2).as_secs_f64())
    }

    /// Offers checkouts at this rate, whether or not earlier ones have ended.
    async fn open(self: &Arc<Self>, rate: f64) -> Vec<Outcome> {
        let mut checkouts = JoinSet::new();
        let (mut ticks, until) = (interval(Duration::from_secs_f64(1.0 / rate)), Instant::now() + OVERLOAD);
        while Instant::now() < until {
            ticks.tick().await;
            let load = Arc::clone(self);
            checkouts.spawn(async move { load.next_checkout().await });
        }
        checkouts.join_all().await
    }

    /// Seconds from `ended` until a checkout is as quick again as `alone`. A new one begins every second.
    async fn recovery(self: &Arc<Self>, ended: DateTime<Utc>, alone: f64) -> f64 {
        let mut checkouts = JoinSet::new();
        let mut ticks = interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    let load = Arc::clone(self);
                    checkouts.spawn(async move {
                        let Outcome::Accepted(id) = load.next_checkout().await else { return None };
                        load.journal.confirmation(&id, PATIENCE).await
                    });
                }
                Some(time) = checkouts.join_next() => {
                    let passed = (clock::now() - ended).as_seconds_f64();
                    if matches!(time, Ok(Some(time)) if time <= RECOVERED * alone) || passed > PATIENCE.as_secs_f64() {
                        return passed;
                    }
                }
            }
        }
    }

    /// The checkout of the customer whose last one is the longest ago.
    async fn next_checkout(&self) -> Outcome {
        let Some(mut customer) = self.customers.lock().await.pop_front() else {
            return Outcome::Failed("all customers are busy".to_owned());
        };
        let outcome = self.checkout(&mut customer).await.unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        self.customers.lock().await.push_back(customer);
        outcome
    }

    /// Fills the cart, unless it is filled, and orders.
    async fn checkout(&self, customer: &mut Customer) -> Result<Outcome> {
        let mut began = Instant::now();
        if !customer.is_cart_filled {
            let path = format!("/v1/cart/items/{}", self.sku);
            let put = customer.client.put(&path, &json!({ "quantity": 1 })).await?;
            if put.status.as_u16() == 503 {
                return Ok(Outcome::Refused(began.elapsed().as_millis() as u64));
            }
            put.ensure(200)?;
            began = Instant::now();
        }
        let body = json!({ "payment_method": "pm_card_visa", "shipping_address": shipping_address() });
        let response: Response = customer.client.post_with_key("/v1/orders", &new_key(), &body).await?;
        customer.is_cart_filled = response.status.as_u16() == 503;
        if customer.is_cart_filled {
            return Ok(Outcome::Refused(began.elapsed().as_millis() as u64));
        }
        response.ensure(202)?;
        Ok(Outcome::Accepted(response.body["id"].as_str().unwrap_or_default().to_owned()))
    }

    /// Waits until every order has ended.
    async fn settle(&self) {
        let began = Instant::now();
        while self.journal.open_orders() > 0 && began.elapsed() < PATIENCE {
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Fails unless stock and money match the orders.
    async fn judge(&self, stack: &Record, staff: &Shopper, before: Stock) -> Result<()> {
        ensure!(self.journal.open_orders() == 0, "{} orders have not ended", self.journal.open_orders());
        let processor = Processor::new(&stack.urls.processor)?;
        let (mut confirmed, mut others) = (0, 0);
        for (id, status) in self.journal.ends() {
            let authorizations = processor.live_authorizations(&id).await?.len();
            let expected = usize::from(status == "confirmed");
            ensure!(authorizations == expected, "{id} is {status} and has {authorizations} authorizations");
            (confirmed, others) = if expected == 1 { (confirmed + 1, others) } else { (confirmed, others + 1) };
        }
        let after = Stock::of(before.available - confirmed, before.reserved, before.sold + confirmed);
        staff.stock_becomes(&self.sku, after).await?;
        println!("stock and money match: {confirmed} orders confirmed, {others} rejected or cancelled");
        Ok(())
    }
}
