//! A campaign: many customers order while a seeded plan of faults runs, and then the invariants are judged.

mod customer;
mod faults;
mod judgment;
mod plan;
mod queues;
mod report;
mod settle;

use std::{
    convert::Infallible,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use contracts::Sku;
use futures::{StreamExt, stream};
use stack::{
    api::{Client, Page, Processor, Shopper, Stock},
    emulator,
    folder::Folder,
    judge::{Violation, piece_violation},
    python::{self, Python},
    record::Record,
    topology::Topology,
};
use tokio::{sync::watch, time::Instant};

use customer::Customer;
use faults::Injected;
pub use plan::{Kind, Plan};

/// A running shop.
pub struct Shop {
    folder: Folder,
    record: Record,
    topology: Topology,
    anonymous: Client,
    staff: Shopper,
    processor: Processor,
    sqs: aws_sdk_sqs::Client,
    python: Python,
}

/// An article of the campaign, with its stock before the orders.
#[derive(Debug, Clone)]
struct Article {
    sku: Sku,
    initial: Stock,
}

/// Observations of the load.
#[derive(Debug)]
struct Observed {
    /// Number of orders that customers have begun.
    begun: watch::Sender<usize>,
    acknowledged: AtomicUsize,
    /// Times from the first request of a checkout to its acknowledgment.
    waits: Mutex<Vec<Duration>>,
    violations: Mutex<Vec<Violation>>,
}

impl Observed {
    fn violation(&self, violation: Violation) {
        println!("        violation: {violation}");
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
    }
}

/// Limits of a campaign.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Number of customers that order at the same time.
    pub concurrency: usize,
    /// Limit for everything to settle after the load.
    pub settle: Duration,
}

impl Shop {
    /// The shop of a record.
    pub async fn new(folder: Folder, record: Record) -> Result<Self> {
        let anonymous = Client::new(&record.urls.public_api)?;
        let account = record.accounts.get("staff").context("the shop has no account `staff`")?;
        let staff = Shopper::sign_in(&anonymous, &account.email, &account.password).await?;
        Ok(Self {
            topology: Topology::load()?,
            staff,
            processor: Processor::new(&record.urls.processor)?,
            sqs: aws_sdk_sqs::Client::new(&emulator::sdk_config(&record.urls.aws)),
            python: Python::ensure(&python::target_dir()?).await?,
            anonymous,
            folder,
            record,
        })
    }

    /// A client of a service without API Gateway.
    fn service(&self, name: &str, token: &str) -> Result<Client> {
        let url = self.record.urls.services.get(name).with_context(|| format!("the shop has no service {name}"))?;
        Ok(Client::new(url)?.with_token(token))
    }

    /// The articles, of which the first one has too little stock for all orders.
    async fn stock_articles(&self, orders: usize) -> Result<Vec<Article>> {
        let page: Page = self.anonymous.get("/v1/products?in_stock=true&limit=50").await?.json(200)?;
        let variants =
            page.items.into_iter().filter_map(|product| product.variants.into_iter().find(|each| each.in_stock));
        let skus: Vec<_> = variants.map(|variant| variant.sku).take(plan::ARTICLES).collect();
        ensure!(skus.len() == plan::ARTICLES, "the campaign needs {} products in stock", plan::ARTICLES);
        let mut articles = Vec::new();
        for (index, sku) in skus.into_iter().enumerate() {
            let stock = self.staff.stock(&sku).await?;
            ensure!(stock.reserved == 0, "{sku} is reserved by other orders, which disturb the count: {stock:?}");
            let wanted = i64::try_from(if index == 0 { orders.div_ceil(5) } else { 2 * orders })?;
            if stock.available != wanted {
                self.staff.adjust(&sku, wanted - stock.available).await?;
            }
            articles.push(Article { initial: self.staff.stock(&sku).await?, sku });
        }
        Ok(articles)
    }

    /// Runs a plan. Returns true if no invariant is violated.
    pub async fn run(&self, plan: &Plan, limits: Limits) -> Result<bool> {
        report::print_plan(plan);
        let dead = queues::dead_letters(self).await?;
        ensure!(dead.is_empty(), "there are dead letters already: see `cargo shop dlq list`");
        let articles = self.stock_articles(plan.orders()).await?;
        let observed = Observed {
            begun: watch::Sender::new(0),
            acknowledged: AtomicUsize::new(0),
            waits: Mutex::default(),
            violations: Mutex::default(),
        };
        let began = Instant::now();
        let log = Mutex::new(Vec::new());
        let (customers, ()) = tokio::select! {
            done = async { tokio::join!(
                self.load(plan, &articles, &observed, limits.concurrency),
                faults::inject(self, plan, observed.begun.subscribe(), &log),
            ) } => done,
            never = self.watch_stock(&articles, &observed) => match never {},
            never = report::progress(began, plan, &observed, &log) => match never {},
        };
        faults::end(self).await?;
        let loaded = began.elapsed();
        println!("{:>5} s  the load and the faults have ended", loaded.as_secs());
        let verdict = settle::settle(self, &articles, customers, &observed, &injected(&log), limits.settle).await?;
        report::print(&report::Outcome {
            injected: &injected(&log),
            observed: &observed,
            verdict: &verdict,
            loaded,
            settled: began.elapsed() - loaded,
        });
        Ok(verdict.violations.is_empty())
    }

    /// Ends all faults, after an interruption.
    pub async fn end_faults(&self) -> Result<()> {
        faults::end(self).await
    }

    async fn load(&self, plan: &Plan, articles: &[Article], observed: &Observed, concurrency: usize) -> Vec<Customer> {
        let visits = plan.customers.iter().map(|orders| customer::visit(self, articles, observed, orders));
        stream::iter(visits).buffer_unordered(concurrency).filter_map(async |customer| customer).collect().await
    }

    /// I4: no piece is missing or counted twice at any moment.
    async fn watch_stock(&self, articles: &[Article], observed: &Observed) -> Infallible {
        let mut staff = self.staff.clone();
        let mut signed_in = Instant::now();
        for Article { sku, initial } in articles.iter().cycle() {
            tokio::time::sleep(Duration::from_millis(500)).await;
            if signed_in.elapsed() > customer::TOKEN_AGE
                && let Ok(again) = staff.renew().await
            {
                (staff, signed_in) = (again, Instant::now());
            }
            let Ok(client) = self.service("product", &staff.token) else { continue };
            // A request without a response says nothing about the stock.
            let Ok(stock) = (Shopper { client, ..staff.clone() }).stock(sku).await else { continue };
            if let Some(violation) = piece_violation(sku, *initial, stock) {
                observed.violation(violation);
            }
        }
        std::future::pending().await
    }
}

fn injected(log: &Mutex<Vec<Injected>>) -> Vec<Injected> {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn acknowledged(observed: &Observed) -> usize {
    observed.acknowledged.load(Ordering::Relaxed)
}
