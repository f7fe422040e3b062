//! `infra/calls.json`: what AWS would have metered, counted while orders were driven through a local shop.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use stack::topology::Topology;

/// The file's name, from the repository's root.
pub const FILE: &str = "infra/calls.json";

/// A million: what costs are told for.
const MILLION: u128 = 1_000_000;

/// What was metered, by `<service> <action> <about>`.
pub type Meters = BTreeMap<String, Meter>;

/// What was metered of one thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Requests.
    pub calls: u64,
    /// Of DynamoDB, halves of a request unit; of a function, milliseconds.
    pub units: u64,
    /// Bodies of requests and answers; of functions and services, what they logged.
    pub bytes: u64,
}

impl Meter {
    /// What was added since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(before.calls),
            units: self.units.saturating_sub(before.units),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}

/// What was added to each meter since `before`. What stood still is left out.
pub fn since(now: &Meters, before: &Meters) -> Meters {
    let added = now.iter().map(|(name, meter)| {
        let before = before.get(name).copied().unwrap_or_default();
        (name.clone(), meter.since(before))
    });
    added.filter(|(_, meter)| *meter != Meter::default()).collect()
}

/// A stretch of time in which something was driven.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// How many orders.
    pub orders: u64,
    /// How long it took.
    pub milliseconds: u64,
    /// What was metered meanwhile.
    pub meters: Meters,
}

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// The day on which it was counted.
    pub counted: String,
    /// Orders under way at once: more of them share receives, deliveries and publications.
    pub at_once: usize,
    /// A shop that nobody visits.
    pub idle: Run,
    /// Some orders.
    pub fewer: Run,
    /// More of them. The difference is what an order costs, free of what a run costs.
    pub more: Run,
}

impl Calls {
    /// Reads the file of the repository at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(FILE));
        let text = text.with_context(|| format!("cannot read {FILE}: make it with `cargo measure cost --count`"))?;
        let calls: Self = serde_json::from_str(&text).context(FILE)?;
        ensure!(calls.more.orders > calls.fewer.orders, "{FILE}: the second run must be of more orders than the first");
        ensure!(calls.idle.milliseconds > 0, "{FILE}: nothing was counted while the shop was idle");
        Ok(calls)
    }

    /// Writes it.
    pub fn write(&self, root: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(root.join(FILE), text).with_context(|| format!("cannot write {FILE}"))
    }

    /// What a million orders add, by meter: the difference of the two runs, less what the clock alone adds. Empty
    /// receives are left out: they become fewer when there is something to receive.
    pub fn of_a_million(&self) -> BTreeMap<&str, Million> {
        let names = self.more.meters.keys().map(String::as_str).filter(|name| !is_idle(name));
        names.map(|name| (name, self.million(name))).collect()
    }

    fn million(&self, name: &str) -> Million {
        let [fewer, more, idle] =
            [&self.fewer, &self.more, &self.idle].map(|run| run.meters.get(name).copied().unwrap_or_default());
        let orders = u128::from(self.more.orders - self.fewer.orders);
        let extra_time = i128::from(self.more.milliseconds) - i128::from(self.fewer.milliseconds);
        let slope = |of: fn(Meter) -> u64| {
            let [fewer, more, idle] = [fewer, more, idle].map(|meter| i128::from(of(meter)));
            let by_clock = idle * extra_time * MILLION.cast_signed() / i128::from(self.idle.milliseconds);
            let added = (more - fewer) * MILLION.cast_signed() - by_clock;
            u128::try_from(added).unwrap_or_default() / orders
        };
        Million { calls: slope(|m| m.calls), units: slope(|m| m.units), bytes: slope(|m| m.bytes) }
    }

    /// Billable calls of a million orders by one run alone, the share of the clock taken off: how steady the count is.
    pub fn billable_of(&self, run: &Run) -> u128 {
        let billable = |run: &Run| -> u128 {
            let calls = run.meters.iter().filter(|(name, _)| is_billable(name)).map(|(_, meter)| meter.calls);
            calls.map(u128::from).sum()
        };
        let by_clock = billable(&self.idle) * u128::from(run.milliseconds) / u128::from(self.idle.milliseconds);
        billable(run).saturating_sub(by_clock) * MILLION / u128::from(run.orders)
    }

    /// How often a month a meter counts where nobody visits: 730 hours of it.
    pub fn idle_month(&self, name: &str) -> u128 {
        let calls = self.idle.meters.get(name).map_or(0, |meter| meter.calls);
        u128::from(calls) * super::HOURS * 3_600_000 / u128::from(self.idle.milliseconds)
    }
}

/// What a million orders add to a meter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Million {
    /// Requests.
    pub calls: u128,
    /// Halves of request units, or milliseconds.
    pub units: u128,
    /// Bytes.
    pub bytes: u128,
}

/// The three parts of a meter's name.
pub fn parts(name: &str) -> (&str, &str, &str) {
    let (service, rest) = name.split_once(' ').unwrap_or((name, ""));
    let (action, about) = rest.split_once(' ').unwrap_or((rest, ""));
    (service, action, about)
}

fn is_idle(name: &str) -> bool {
    parts(name).1 == "ReceiveMessage-empty"
}

/// Whether AWS has a price for each call. Load balancer, logs and mails have prices of other kinds.
pub fn is_billable(name: &str) -> bool {
    let metered = ["apigateway", "lambda", "dynamodb", "sqs", "sns", "kms", "s3", "secretsmanager"];
    metered.contains(&parts(name).0) && !is_idle(name)
}

/// Who makes the call. A table, a queue and a topic each belong to one service, so what a call is about tells.
pub fn caller(name: &str, topology: &Topology) -> String {
    let (service, _, about) = parts(name);
    match service {
        "apigateway" | "alb" => "customer".to_owned(),
        "kms" => "user".to_owned(),
        "sesv2" => "notification".to_owned(),
        "dynamodb" => topology.table(about).map_or(about, |table| &table.owner).to_owned(),
        "sqs" => topology.queue(about).map_or(about, |queue| &queue.consumer).to_owned(),
        "sns" => {
            let table = topology.tables.iter().find(|table| table.topic.as_deref() == Some(about));
            table.map_or_else(
                || about.trim_end_matches("-events").to_owned(),
                |table| format!("{}-outbox-relay", table.name),
            )
        }
        _ => about.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(orders: u64, milliseconds: u64, meters: &[(&str, u64)]) -> Run {
        let meter = |calls| Meter { calls, units: 2 * calls, bytes: 10 * calls };
        Run {
            orders,
            milliseconds,
            meters: meters.iter().map(|(name, calls)| ((*name).to_owned(), meter(*calls))).collect(),
        }
    }

    fn calls() -> Calls {
        let (put, sweep, empty) =
            ("dynamodb PutItem order", "dynamodb Query order", "sqs ReceiveMessage-empty order-inbox");
        Calls {
            counted: String::new(),
            at_once: 1,
            idle: run(0, 60_000, &[(sweep, 6), (empty, 3)]),
            fewer: run(50, 100_000, &[(put, 150), (sweep, 60), (empty, 4)]),
            more: run(100, 200_000, &[(put, 300), (sweep, 120), (empty, 7)]),
        }
    }

    #[test]
    fn an_order_costs_what_more_orders_add_less_what_the_clock_adds() {
        let calls = calls();
        let million = calls.of_a_million();
        assert_eq!(
            million["dynamodb PutItem order"],
            Million { calls: 3_000_000, units: 6_000_000, bytes: 30_000_000 }
        );
        assert_eq!(million["dynamodb Query order"].calls, 1_000_000, "60 more, of which 10 by the clock, in 50 orders");
        assert_eq!(million.len(), 2, "empty receives are idle");
    }

    #[test]
    fn each_run_alone_says_the_same_where_the_count_is_steady() {
        let calls = calls();
        assert_eq!(calls.billable_of(&calls.fewer), 4_000_000);
        assert_eq!(calls.billable_of(&calls.more), 4_000_000);
    }

    #[test]
    fn what_the_clock_does_in_a_minute_it_does_all_month() {
        assert_eq!(calls().idle_month("sqs ReceiveMessage-empty order-inbox"), 3 * 60 * 730);
    }

    #[test]
    fn what_stood_still_is_not_told() {
        let (before, now) =
            (run(0, 1, &[("a", 1), ("b", 2)]).meters, run(0, 1, &[("a", 1), ("b", 5), ("c", 1)]).meters);
        let added = since(&now, &before);
        assert_eq!(
            added.iter().map(|(name, meter)| (&name[..], meter.calls)).collect::<Vec<_>>(),
            [("b", 3), ("c", 1)]
        );
    }

    #[test]
    fn what_a_call_is_about_tells_who_makes_it() {
        let topology = Topology::load().unwrap();
        let callers = [
            ("dynamodb PutItem payment", "payment"),
            ("sqs DeleteMessageBatch order-deadlines", "order"),
            ("sns PublishBatch order-events", "order-outbox-relay"),
            ("sns Publish product-events", "product"),
            ("lambda Invoke notification", "notification"),
            ("apigateway POST orders", "customer"),
        ];
        for (name, expected) in callers {
            assert_eq!(caller(name, &topology), expected);
        }
    }
}
