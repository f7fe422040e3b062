//! Counts calls: drives orders through a local stack, and reads the meters of the emulated AWS before and after.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use contracts::Sku;
use futures::future::try_join_all;
use stack::{
    api::{Client, Shopper, first_in_stock},
    clock,
    record::{Part, Record},
    topology::{Service, Topology},
};

use super::calls::{self, Call, Calls, Meter, Meters, Run};

/// Duration of the idle run: several sweeps and polls.
const IDLE: Duration = Duration::from_secs(60);

/// Time without a message after which no work is pending.
const QUIET: Duration = Duration::from_secs(3);

/// Time in which all work must be done.
const QUIET_LIMIT: Duration = Duration::from_secs(120);

/// Counts an idle minute, then the orders of `at_once` concurrent customers, `orders` each.
pub async fn count(stack: &Record, orders: u64, at_once: usize) -> Result<Calls> {
    let shop = Client::new(&stack.urls.public_api)?;
    let sku = first_in_stock(&shop, "/v1/products?limit=1&in_stock=true").await?.sku;
    let staff = stack.accounts.get("staff").context("the shop has no account `staff`")?;
    let staff = Shopper::sign_in(&shop, &staff.email, &staff.password).await?;
    let all = orders * at_once as u64;
    staff.adjust(&sku, i64::try_from(all)? + 1).await?;

    // The first order starts the functions, and is not counted.
    buy(stack, &Shopper::sign_up(&shop).await?, &sku).await?;
    let meters = Source { stack, aws: Client::new(&stack.urls.aws)? };
    eprintln!("counting the idle shop for {} s", IDLE.as_secs());
    let wait = async {
        tokio::time::sleep(IDLE).await;
        Ok(())
    };
    let idle = meters.run(0, wait).await?;
    eprintln!("driving {all} orders");
    let mut customers = Vec::new();
    for _ in 0..at_once {
        customers.push(Shopper::sign_up(&shop).await?);
    }
    let work = customers.iter().map(async |customer| {
        for _ in 0..orders {
            buy(stack, customer, &sku).await?;
        }
        anyhow::Ok(())
    });
    let busy = meters.run(all, async { try_join_all(work).await.map(drop) }).await?;
    Ok(Calls { counted: clock::now().format("%Y-%m-%d").to_string(), at_once, idle, busy })
}

/// Fills the cart, reads it, orders, and waits for the confirmation. Waits for the mail first, since reading it is no
/// billed call.
async fn buy(stack: &Record, customer: &Shopper, sku: &Sku) -> Result<()> {
    customer.put_in_cart(sku, 1).await?;
    customer.cart().await?;
    let order = customer.place_order("pm_card_visa").await?;
    customer.mail_about(&stack.urls.mails, &order.to_string()).await?;
    customer.order_in(order, &["confirmed"]).await?;
    Ok(())
}

/// Meters of a stack.
struct Source<'a> {
    stack: &'a Record,
    aws: Client,
}

impl Source<'_> {
    /// Meters of `work` and of everything that it causes.
    async fn run(&self, orders: u64, work: impl Future<Output = Result<()>>) -> Result<Run> {
        let before = self.quiet().await?;
        let began = Instant::now();
        work.await?;
        let after = self.quiet().await?;
        let milliseconds = u64::try_from(began.elapsed().as_millis())?;
        Ok(Run { orders, milliseconds, meters: calls::since(&after, &before) })
    }

    /// Meters, as soon as no message is on its way.
    async fn quiet(&self) -> Result<Meters> {
        let limit = Instant::now() + QUIET_LIMIT;
        let mut last = self.read().await?;
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.read().await?;
            let moved = calls::since(&now, &last).into_keys().find(|name| is_message(Call::parse(name)));
            let Some(moved) = moved else { return Ok(now) };
            ensure!(Instant::now() < limit, "messages are still on their way: `{moved}` was called");
            last = now;
        }
    }

    async fn read(&self) -> Result<Meters> {
        let answer = self.aws.get("/_shop/calls").await?;
        let mut meters: Meters = answer.json(200).context("the emulated AWS has no meters: restart the stack")?;
        // The emulated AWS meters the logs of functions; the logs of services are files.
        for Service { name, .. } in Topology::load()?.services {
            let Some(Part::Process { log, .. }) = self.stack.parts.get(&name) else {
                bail!("the stack has no part `{name}`");
            };
            let bytes = fs::metadata(log).with_context(|| format!("no log {}", log.display()))?.len();
            meters.insert(format!("logs write {name}"), Meter { bytes, ..Meter::default() });
        }
        Ok(meters)
    }
}

/// Whether a call is about messages or their handlers.
fn is_message(call: Call<'_>) -> bool {
    call.is_billable() && matches!(call.service, "lambda" | "sns" | "sqs")
}
