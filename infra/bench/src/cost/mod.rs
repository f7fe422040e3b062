//! Cost of the shop on AWS: of an idle month by profile, and of a million orders.
//!
//! - `drive`: counts the calls of orders on a local stack; `calls`: the count
//! - `prices`; `idle`: a month without a request; `orders`: a million orders
//! - `page.md`: the text around the tables

mod calls;
mod drive;
mod idle;
mod orders;
mod prices;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context, Result};
use checks::planned::{self, PROFILES};
use serde::de::DeserializeOwned;
use stack::{python, terraform::Terraform, topology::Topology, workspace_root};

pub use self::drive::count;
use self::{
    calls::Calls,
    idle::Month,
    prices::{Prices, Usd},
};
use crate::table::table;

/// The page's name, from the repository's root.
const FILE: &str = "infra/COST.md";

/// Hours of a month, as AWS's calculator has them.
const HOURS: u64 = 730;

/// Most billable calls of a million confirmed orders, one at a time and with others in flight, which share calls.
const CALLS_BARS: [u64; 2] = [41_000_000, 25_000_000];

/// Most dollars of a million orders, without mail.
const MILLION_BAR: Usd = Usd::dollars(60);

/// Prints the page, from a new count or the committed one. `write` keeps the page and the count in the repository.
pub async fn print(count: Option<Calls>, write: bool) -> Result<()> {
    let (root, topology) = (workspace_root(), Topology::load()?);
    let prices = read(prices::FILE)?;
    let calls: Calls = count.map_or_else(|| read(calls::FILE), Ok)?;
    // A count takes minutes and must not be lost if Terraform fails.
    if write {
        save(calls::FILE, &(serde_json::to_string_pretty(&calls)? + "\n"))?;
    }
    let terraform = Terraform::find(&python::target_dir()?).context("terraform is not installed")?;
    let mut months = Vec::new();
    for profile in PROFILES {
        eprintln!("planning the root modules with {profile}");
        let plans = planned::plan(&root, &terraform, profile).await?;
        months.push(idle::month(&plans, &prices, &calls, &topology)?);
    }
    let page = page(&months, &calls, &prices, &topology)?;
    if write {
        save(FILE, &page)?;
    }
    print!("{page}");
    Ok(())
}

fn read<T: DeserializeOwned>(file: &str) -> Result<T> {
    let text = fs::read_to_string(workspace_root().join(file)).with_context(|| format!("cannot read {file}"))?;
    serde_json::from_str(&text).with_context(|| file.to_owned())
}

fn save(file: &str, text: &str) -> Result<()> {
    fs::write(workspace_root().join(file), text).with_context(|| format!("cannot write {file}"))
}

fn page(months: &[Month], calls: &Calls, prices: &Prices, topology: &Topology) -> Result<String> {
    let (bill, total) = bill_table(calls, prices, topology)?;
    let (per_order, all) = calls_table(calls, topology);
    let calls_bar = CALLS_BARS[usize::from(calls.at_once > 1)];
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    let assumption = |(name, it): (_, &prices::Assumption)| format!("- `{name}` = {}: {}\n", it.value, it.why);
    Ok(format!(
        include_str!("page.md"),
        region = prices.region,
        read = prices.read,
        month = month_table(months),
        bill = bill,
        million_bar = MILLION_BAR,
        million_verdict = verdict(total <= MILLION_BAR),
        counted = calls.counted,
        orders = calls.busy.orders,
        at_once = calls.at_once,
        calls = per_order,
        calls_bar = hundredths(calls_bar),
        calls_verdict = verdict(all <= calls_bar),
        assumptions = prices.assumptions.iter().map(assumption).collect::<String>(),
        assumed = prices.assumed().collect::<Vec<_>>().join("`, `"),
    ))
}

fn month_table(months: &[Month]) -> String {
    let mut rows = Vec::new();
    for line in months.iter().flat_map(Month::keys).collect::<BTreeSet<_>>() {
        let mut row = vec![line.clone()];
        for month in months {
            let (quantity, usd) = month.get(line).copied().unwrap_or_default();
            row.extend([grouped(quantity), usd.to_string()]);
        }
        rows.push(row);
    }
    let (mut head, mut sums) = (vec![""], vec!["**Sum**".to_owned()]);
    for (profile, month) in PROFILES.into_iter().zip(months) {
        let mut sum = Usd::default();
        month.values().for_each(|(_, usd)| sum += *usd);
        head.extend([profile, "USD"]);
        sums.extend([String::new(), format!("**{sum}**")]);
    }
    rows.push(sums);
    table(1, &head, &rows)
}

/// The table, and the sum without `edge`.
fn bill_table(calls: &Calls, prices: &Prices, topology: &Topology) -> Result<(String, Usd)> {
    let (items, edge) = orders::bill(calls, prices, topology)?;
    let (mut rows, mut sums, mut sum) = (Vec::new(), Vec::new(), Usd::default());
    for (items, name) in [(items, "**Sum, without mail**"), (edge, "**Sum, where `edge` is applied**")] {
        for (line, price, quantity) in items {
            let usd = prices.of(price, quantity)?;
            sum += usd;
            rows.push(vec![line.to_owned(), grouped(quantity), usd.to_string()]);
        }
        rows.push(vec![name.to_owned(), String::new(), format!("**{sum}**")]);
        sums.push(sum);
    }
    Ok((table(1, &["", "Quantity", "USD"], &rows), sums[0]))
}

/// The table, and the sum of a million orders.
fn calls_table(calls: &Calls, topology: &Topology) -> (String, u64) {
    let (mut million, mut all) = (BTreeMap::new(), 0);
    for (call, meter) in calls.of_a_million() {
        if call.is_billable() && meter.calls > 0 {
            let caller = call.caller(topology);
            *million.entry((caller.clone(), "**all**".to_owned())).or_default() += meter.calls;
            million.insert((caller, format!("{} {} {}", call.service, call.action, call.subject)), meter.calls);
            all += meter.calls;
        }
    }
    let row = |((caller, call), million)| vec![caller, call, hundredths(million)];
    let mut rows: Vec<_> = million.into_iter().map(row).collect();
    rows.push(vec!["**Sum**".to_owned(), String::new(), format!("**{}**", hundredths(all))]);
    (table(2, &["Caller", "Call", "Per order"], &rows), all)
}

/// Calls of a million orders as calls of one order, to a hundredth.
fn hundredths(million: u64) -> String {
    let hundredths = (million + 5_000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1000), number % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_has_the_committed_calls_and_prices() {
        let (calls, topology) = (read(calls::FILE).unwrap(), Topology::load().unwrap());
        let (bill, _) = bill_table(&calls, &read(prices::FILE).unwrap(), &topology).unwrap();
        let (per_order, _) = calls_table(&calls, &topology);
        let page = fs::read_to_string(workspace_root().join(FILE)).unwrap();
        assert!(page.contains(&bill) && page.contains(&per_order), "{FILE} is stale: `cargo measure cost --write`");
    }
}
