//! The judgment of all orders, the stock, the mails and the queues.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use anyhow::Result;
use contracts::OrderId;
use futures::{StreamExt, TryStreamExt, stream};
use stack::{
    api::{LedgerEntry, Mail, Order},
    judge::{Notice, Violation, Witness, stock_violations},
};

use super::{
    Article, Observed, Shop,
    customer::Customer,
    faults::Injected,
    queues,
    settle::{CONCURRENCY, Listed, refresh, staff, unpublished},
};

/// Orders of which another customer asks for one.
const PRYING: usize = 10;
/// Mails that a function may have sent without recording it when it was killed or SES did not answer: a batch of 10 in
/// each of 2 processes.
const MAILS_IN_FLIGHT: usize = 20;

/// The state of the shop, and what is wrong with it.
#[derive(Debug)]
pub struct Verdict {
    pub witnesses: Vec<Witness>,
    pub violations: Vec<Violation>,
    /// Mails that were sent a second time.
    pub repeated_mails: usize,
}

/// Judges the shop as it is now.
pub async fn judge(
    shop: &Shop,
    articles: &[Article],
    all: &mut [Listed],
    observed: &Observed,
    injected: &[Injected],
) -> Result<Verdict> {
    let mut violations = observed.violations.lock().unwrap_or_else(PoisonError::into_inner).clone();
    refresh(shop, all.iter_mut()).await?;
    violations.extend(all.iter().flat_map(of_list));
    violations.extend(prying(shop, all).await?);
    let voids = open_voids(shop, all).await?;
    violations
        .extend(voids.into_iter().map(|id| Violation::pending("I3", id, "its void is requested, without an answer")));

    let mut ledger = BTreeMap::<String, Vec<LedgerEntry>>::new();
    for entry in shop.processor.whole_ledger().await? {
        ledger.entry(entry.metadata.get("order_id").cloned().unwrap_or_default()).or_default().push(entry);
    }
    let mut mails = BTreeMap::<OrderId, Vec<Notice>>::new();
    for mail in Mail::all(&shop.record.urls.mails).await? {
        if let (Some(id), Some(notice)) = (mail.order_id(), Notice::of(&mail)) {
            mails.entry(id).or_default().push(notice);
        }
    }
    let orders = all.iter().flat_map(|listed| listed.orders.values());
    let witnesses: Vec<_> = orders
        .map(|order| Witness {
            order: order.clone(),
            ledger: ledger.remove(&order.id.to_string()).unwrap_or_default(),
            mails: Some(mails.remove(&order.id).unwrap_or_default()),
        })
        .collect();
    violations.extend(witnesses.iter().flat_map(Witness::violations));

    let staff = staff(shop).await?;
    for article in articles {
        violations.extend(stock_violations(
            &article.sku,
            article.initial,
            staff.stock(&article.sku).await?,
            &witnesses,
        ));
    }
    let repeated_mails = witnesses.iter().map(Witness::repeated_mails).sum();
    if repeated_mails > MAILS_IN_FLIGHT * mail_faults(injected) {
        violations.push(Violation::lasting("I11", "mails", format!("{repeated_mails} were sent again")));
    }
    for (queue, count) in queues::dead_letters(shop).await? {
        let reasons = queues::reasons(shop, &queue).await?.join("; ");
        violations.push(Violation::lasting("I9", queue, format!("{count} dead letters: {reasons}")));
    }
    let depths = queues::depths(shop).await?.into_iter();
    violations.extend(depths.map(|(queue, count)| Violation::pending("I9", queue, format!("{count} messages remain"))));
    let unpublished = unpublished(shop).await?;
    if unpublished > 0 {
        violations.push(Violation::pending("I8", "product", format!("{unpublished} events are not published")));
    }
    violations.sort();
    violations.dedup();
    Ok(Verdict { witnesses, violations, repeated_mails })
}

/// Number of faults that may cause a second mail.
fn mail_faults(injected: &[Injected]) -> usize {
    let may_repeat = ["kill notification", "freeze notification", "freeze ministack"];
    injected.iter().filter(|fault| may_repeat.contains(&fault.name.as_str())).count()
}

/// I1 and I6: a customer's list has the acknowledged orders, and no others.
fn of_list(Listed { customer, orders }: &Listed) -> Vec<Violation> {
    let acknowledged: BTreeSet<_> = customer.orders.iter().copied().collect();
    let lost = acknowledged.iter().filter(|id| !orders.contains_key(id));
    let unknown = orders.keys().filter(|id| !acknowledged.contains(id));
    let lost = lost.map(|id| Violation::pending("I1", id, "was acknowledged, and is not listed"));
    let unknown = unknown.map(|id| Violation::lasting("I6", id, "is listed, and was never acknowledged"));
    lost.chain(unknown).collect()
}

/// I10: a customer asks for orders of the next one.
async fn prying(shop: &Shop, all: &[Listed]) -> Result<Vec<Violation>> {
    let customers: Vec<&Customer> = all.iter().map(|listed| &listed.customer).collect();
    let neighbors = customers.iter().zip(customers.iter().cycle().skip(1));
    let of_others = neighbors.filter(|(one, other)| one.shopper.email != other.shopper.email);
    let asked = of_others.flat_map(|(one, other)| other.orders.iter().map(move |id| (one, *id))).step_by(PRYING);
    let answers = stream::iter(asked).map(async |(customer, id)| {
        let client = shop.service("order", &customer.shopper.token)?;
        let status = client.get(&format!("/v1/orders/{id}")).await?.status.as_u16();
        anyhow::Ok(
            (status != 404)
                .then(|| Violation::lasting("I10", id, format!("another customer's request has the status {status}"))),
        )
    });
    Ok(answers.buffer_unordered(CONCURRENCY).try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
}

/// Cancelled orders whose void was requested and not answered.
async fn open_voids(shop: &Shop, all: &[Listed]) -> Result<Vec<OrderId>> {
    let cancelled = all.iter().flat_map(|listed| {
        let cancelled = listed.orders.values().filter(|order| order.status == "cancelled");
        cancelled.map(|order| (&listed.customer, order.id))
    });
    let orders = stream::iter(cancelled).map(async |(customer, id)| {
        let client = shop.service("order", &customer.shopper.token)?;
        client.get(&format!("/v1/orders/{id}")).await?.json::<Order>(200)
    });
    let orders: Vec<_> = orders.buffer_unordered(CONCURRENCY).try_collect().await?;
    let is_open = |order: &Order| order.payment.as_ref().is_some_and(|payment| payment.status == "voiding");
    Ok(orders.iter().filter(|order| is_open(order)).map(|order| order.id).collect())
}
