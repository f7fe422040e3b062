//! The cost table, in Markdown.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write},
};

use anyhow::Result;
use stack::topology::Topology;

use super::{
    calls::Calls,
    idle::Idle,
    million::{self, Bill, Item, per_order, sum},
    money::Usd,
    prices::Prices,
};

/// The most calls of a confirmed order that AWS may bill.
const CALLS_BAR: u128 = 20;

/// The most that a million of them may cost, without mail.
const MILLION_BAR: Usd = Usd::dollars(60);

/// All that the table tells.
pub struct Table<'a> {
    /// What was counted.
    pub calls: &'a Calls,
    /// What it costs.
    pub prices: &'a Prices,
    /// Who is who.
    pub topology: &'a Topology,
    /// A month, by profile. None where Terraform is missing.
    pub idle: Option<BTreeMap<&'static str, Idle>>,
}

impl Table<'_> {
    /// The part that needs no Terraform: a million orders.
    pub fn orders(&self) -> Result<String> {
        let Self { calls, prices, topology, .. } = self;
        let bill = million::bill(calls, prices, topology)?;
        let mut out = String::new();
        self.million(&mut out, &bill)?;
        self.callers(&mut out)?;
        Ok(out)
    }

    fn million(&self, out: &mut String, bill: &Bill) -> fmt::Result {
        writeln!(out, "## A million confirmed orders\n")?;
        writeln!(out, "| | Quantity | | USD |\n|---|--:|---|--:|")?;
        bill.items.iter().try_for_each(|item| row(out, item))?;
        let total = sum(&bill.items);
        writeln!(out, "| **Sum, without mail** | | | **{total}** |")?;
        bill.edge.iter().try_for_each(|item| row(out, item))?;
        writeln!(out, "| **Sum, where `edge` is applied** | | | **{}** |", total + sum(&bill.edge))?;
        let verdict = if total <= MILLION_BAR { "met" } else { "MISSED" };
        writeln!(out, "\nThe bar is {MILLION_BAR} USD without mail and without `edge`: {verdict}.")
    }

    fn callers(&self, out: &mut String) -> fmt::Result {
        let billable = million::billable(self.calls, self.topology);
        let total: u128 = billable.values().sum();
        let Calls { counted, at_once, fewer, more, .. } = self.calls;
        writeln!(out, "\n## Billable calls of a confirmed order\n")?;
        writeln!(
            out,
            "Each request for which AWS has a price of its own, from putting an article into the cart to the order that rests at \
             `confirmed`, with its mail sent: requests at API Gateway, invocations, calls of DynamoDB, SQS, SNS and KMS. Not \
             counted, for they have no price: what a topic delivers to a queue, and what Lambda reads of a stream. Counted elsewhere: \
             empty receives and sweeps (idle), mail.\n"
        )?;
        writeln!(
            out,
            "Counted {counted} in runs of {} and {} orders, {at_once} at a time; the figures are what the further {} added, less what the \
             clock added. Each run alone: {} and {}.\n",
            fewer.orders,
            more.orders,
            more.orders - fewer.orders,
            per_order(self.calls.billable_of(fewer)),
            per_order(self.calls.billable_of(more)),
        )?;
        writeln!(out, "| Who | What | An order |\n|---|---|--:|")?;
        let callers: BTreeSet<_> = billable.keys().map(|(caller, _)| caller).collect();
        for caller in callers {
            let own = || billable.iter().filter(|((who, _), _)| who == caller);
            for ((_, call), calls) in own() {
                writeln!(out, "| {caller} | {call} | {} |", per_order(*calls))?;
            }
            writeln!(out, "| **{caller}** | | **{}** |", per_order(own().map(|(_, calls)| calls).sum()))?;
        }
        writeln!(out, "| **Sum** | | **{}** |", per_order(total))?;
        let verdict = if total <= CALLS_BAR * 1_000_000 { "met" } else { "MISSED" };
        writeln!(out, "\nThe bar is {CALLS_BAR} calls: {verdict}.")
    }

    fn idle(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "## A month without a visitor\n")?;
        let Some(idle) = &self.idle else {
            return writeln!(out, "Not told: Terraform is not installed.\n");
        };
        let (mut head, mut rule, mut foot) = ("|".to_owned(), "|---|".to_owned(), "| **Sum** |".to_owned());
        for (profile, month) in idle {
            write!(head, " | `{profile}` | USD")?;
            rule += "--:|--:|";
            write!(foot, " | **{}** |", month.sum())?;
        }
        writeln!(out, "{head} |\n{rule}")?;
        let names: BTreeSet<_> = idle.values().flat_map(|month| month.lines.keys()).collect();
        for name in names {
            write!(out, "| {name} |")?;
            for month in idle.values() {
                match month.lines.get(name) {
                    Some(line) => write!(out, " {} | {} |", grouped(line.count), line.usd)?,
                    None => write!(out, " | |")?,
                }
            }
            writeln!(out)?;
        }
        writeln!(out, "{foot}\n")
    }

    fn notes(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\n## What is assumed\n")?;
        for (name, assumption) in self.prices.assumptions() {
            writeln!(out, "- `{name}` = {}: {}", assumption.value, assumption.why)?;
        }
        let assumed: Vec<_> = self.prices.assumed().map(|name| format!("`{name}`")).collect();
        if !assumed.is_empty() {
            writeln!(out, "- Prices that were read nowhere: {}.", assumed.join(", "))?;
        }
        writeln!(
            out,
            "\nNot in it: taxes, support, free tiers, discounts, mail and texts, the processor's fees, what is kept (tables, logs, \
             backups, images beyond the above), traffic between zones, flow logs, collectors, and a zone and a domain of your own."
        )
    }
}

impl Table<'_> {
    /// The whole page.
    pub fn page(&self) -> Result<String> {
        let mut out = String::new();
        writeln!(out, "# What the shop costs on AWS\n")?;
        writeln!(
            out,
            "Made by `cargo measure cost --write` from counted calls ([calls.json](calls.json), `--count` makes it), what Terraform \
             makes under each profile, and a price file ([prices.json](prices.json)). Do not edit it.\n\n\
             List prices of {}, read {}; others are dearer by up to a fifth or more. Prices change: check them before you rely on this.\n",
            self.prices.region, self.prices.read
        )?;
        self.idle(&mut out)?;
        out += &self.orders()?;
        self.notes(&mut out)?;
        Ok(out)
    }
}

fn row(out: &mut String, Item { what, quantity, unit, usd }: &Item) -> fmt::Result {
    writeln!(out, "| {what} | {} | {unit} | {usd} |", grouped(*quantity))
}

/// `1234567` as `1,234,567`.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack::workspace_root;

    use crate::cost::FILE;

    #[test]
    fn long_numbers_are_grouped() {
        for (number, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn the_committed_page_tells_the_committed_calls_and_prices() {
        let root = workspace_root();
        let (calls, prices) = (Calls::read(&root).unwrap(), Prices::read(&root).unwrap());
        let topology = Topology::load().unwrap();
        let table = Table { calls: &calls, prices: &prices, topology: &topology, idle: None };
        let page = std::fs::read_to_string(root.join(FILE)).unwrap();
        assert!(page.contains(&table.orders().unwrap()), "{FILE} is stale: `cargo measure cost --write`");
    }
}
