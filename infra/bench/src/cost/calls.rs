//! `infra/calls.json`: calls that AWS would bill, counted while orders were driven through a local shop.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use stack::topology::Topology;

/// The file's name, from the repository's root.
const FILE: &str = "infra/calls.json";

const MILLION: i128 = 1_000_000;

/// Meters by `<service> <action> <subject>`.
pub type Meters = BTreeMap<String, Meter>;

/// Counts of one kind of call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Requests.
    pub calls: u128,
    /// Halves of a DynamoDB request unit, or milliseconds of a function.
    pub units: u128,
    /// Bytes of request and response bodies; of functions and services, bytes of their logs.
    pub bytes: u128,
}

impl Meter {
    fn map(meters: [Self; 3], combine: impl Fn([u128; 3]) -> u128) -> Self {
        Self {
            calls: combine(meters.map(|meter| meter.calls)),
            units: combine(meters.map(|meter| meter.units)),
            bytes: combine(meters.map(|meter| meter.bytes)),
        }
    }
}

/// Increase of each meter since `before`, without those that did not change.
pub fn since(now: &Meters, before: &Meters) -> Meters {
    let mut added = Meters::new();
    for (name, meter) in now {
        let before = before.get(name).copied().unwrap_or_default();
        let increase = Meter::map([*meter, before, before], |[now, before, _]| now.saturating_sub(before));
        if increase != Meter::default() {
            added.insert(name.clone(), increase);
        }
    }
    added
}

/// A period in which orders were driven.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub orders: u64,
    pub milliseconds: u64,
    pub meters: Meters,
}

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Day of the count.
    pub counted: String,
    /// Concurrent orders: more of them share receives, deliveries and publications.
    pub at_once: usize,
    /// A run without orders.
    pub idle: Run,
    pub fewer: Run,
    /// A run with more orders. The difference is the cost of an order, without the fixed cost of a run.
    pub more: Run,
}

impl Calls {
    /// Reads the file of the repository at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        let calls: Self = serde_json::from_str(&text).context(FILE)?;
        ensure!(calls.more.orders > calls.fewer.orders && calls.idle.milliseconds > 0, "{FILE}: no difference of runs");
        Ok(calls)
    }

    /// Writes the file.
    pub fn write(&self, root: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(root.join(FILE), text).with_context(|| format!("cannot write {FILE}"))
    }

    /// Increase of each meter by a million orders: the difference of the runs, less what the idle shop adds in the
    /// additional time. Empty receives are left out: there are fewer of them when there is something to receive.
    pub fn of_a_million(&self) -> BTreeMap<&str, Meter> {
        let orders = i128::from(self.more.orders - self.fewer.orders);
        let time = i128::from(self.more.milliseconds) - i128::from(self.fewer.milliseconds);
        let idle_time = i128::from(self.idle.milliseconds);
        let million = |name: &String| {
            let meters =
                [&self.fewer, &self.more, &self.idle].map(|run| run.meters.get(name).copied().unwrap_or_default());
            Meter::map(meters, |counts| {
                let [fewer, more, idle] = counts.map(u128::cast_signed);
                u128::try_from((more - fewer) * MILLION - idle * time * MILLION / idle_time).unwrap_or_default()
                    / orders.cast_unsigned()
            })
        };
        let names = self.more.meters.keys().filter(|name| !is_idle(name));
        names.map(|name| (name.as_str(), million(name))).collect()
    }

    /// Billable calls of a million orders by one run alone: shows how stable the count is.
    pub fn billable_of(&self, run: &Run) -> u128 {
        let billable = |run: &Run| -> u128 {
            run.meters.iter().filter(|(name, _)| is_billable(name)).map(|(_, meter)| meter.calls).sum()
        };
        let idle = billable(&self.idle) * u128::from(run.milliseconds) / u128::from(self.idle.milliseconds);
        billable(run).saturating_sub(idle) * MILLION.cast_unsigned() / u128::from(run.orders)
    }

    /// Calls of an idle shop in a month.
    pub fn idle_month(&self, name: &str) -> u128 {
        let calls = self.idle.meters.get(name).map_or(0, |meter| meter.calls);
        calls * super::HOURS * 3_600_000 / u128::from(self.idle.milliseconds)
    }
}

/// Service, action and subject of a meter.
pub fn parts(name: &str) -> (&str, &str, &str) {
    let (service, rest) = name.split_once(' ').unwrap_or((name, ""));
    let (action, about) = rest.split_once(' ').unwrap_or((rest, ""));
    (service, action, about)
}

fn is_idle(name: &str) -> bool {
    parts(name).1 == "ReceiveMessage-empty"
}

/// Whether AWS has a price per call. Load balancer, logs and mail are priced otherwise.
pub fn is_billable(name: &str) -> bool {
    let metered = ["apigateway", "lambda", "dynamodb", "sqs", "sns", "kms", "s3", "secretsmanager"];
    metered.contains(&parts(name).0) && !is_idle(name)
}

/// Caller of a call, by its subject: a table, a queue and a topic each belong to one service.
pub fn caller(name: &str, topology: &Topology) -> String {
    let (service, _, about) = parts(name);
    match service {
        "apigateway" | "alb" => "customer".to_owned(),
        "kms" => "user".to_owned(),
        "sesv2" => "notification".to_owned(),
        "dynamodb" => topology.table(about).map_or(about, |table| &table.owner).to_owned(),
        "sqs" => topology.queue(about).map_or(about, |queue| &queue.consumer).to_owned(),
        "sns" => match topology.tables.iter().find(|table| table.topic.as_deref() == Some(about)) {
            Some(table) => format!("{}-outbox-relay", table.name),
            None => about.trim_end_matches("-events").to_owned(),
        },
        _ => about.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> Calls {
        let run = |orders, milliseconds, meters: &[(&str, u128)]| {
            let meter = |calls| Meter { calls, units: 2 * calls, bytes: 10 * calls };
            let meters = meters.iter().map(|(name, calls)| ((*name).to_owned(), meter(*calls))).collect();
            Run { orders, milliseconds, meters }
        };
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
    fn an_order_costs_the_difference_of_the_runs_less_the_idle_calls() {
        let calls = calls();
        let million = calls.of_a_million();
        assert_eq!(million["dynamodb PutItem order"], Meter { calls: 3_000_000, units: 6_000_000, bytes: 30_000_000 });
        assert_eq!(million["dynamodb Query order"].calls, 1_000_000, "60 more, of which 10 by the clock, in 50 orders");
        assert_eq!(million.len(), 2, "without empty receives");
        assert_eq!(calls.billable_of(&calls.fewer), 4_000_000);
        assert_eq!(calls.idle_month("sqs ReceiveMessage-empty order-inbox"), 3 * 60 * 730);
    }

    #[test]
    fn the_subject_of_a_call_names_its_caller() {
        let topology = Topology::load().unwrap();
        for (name, expected) in [
            ("dynamodb PutItem payment", "payment"),
            ("sqs DeleteMessageBatch order-inbox", "order"),
            ("sns PublishBatch order-events", "order-outbox-relay"),
            ("sns Publish product-events", "product"),
            ("lambda Invoke notification", "notification"),
            ("apigateway POST orders", "customer"),
        ] {
            assert_eq!(caller(name, &topology), expected);
        }
    }
}
