//! `infra/calls.json`: calls that AWS would bill, counted while orders were driven through a local shop.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stack::topology::Topology;

use super::HOURS;

/// The file's name, from the repository's root.
pub const FILE: &str = "infra/calls.json";

const MILLION: u64 = 1_000_000;

/// Meters by `<service> <action> <subject>`.
pub type Meters = BTreeMap<String, Meter>;

/// Counts of one kind of call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Requests.
    pub calls: u64,
    /// Halves of a DynamoDB request unit, or milliseconds of a function.
    pub units: u64,
    /// Bytes of request and response bodies; of functions and services, bytes of their logs.
    pub bytes: u64,
}

impl Meter {
    pub fn zip(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            calls: combine(self.calls, other.calls),
            units: combine(self.units, other.units),
            bytes: combine(self.bytes, other.bytes),
        }
    }
}

/// Increase of each meter since `before`, without those that did not change.
pub fn since(now: &Meters, before: &Meters) -> Meters {
    let mut added = Meters::new();
    for (name, meter) in now {
        let increase = meter.zip(before.get(name).copied().unwrap_or_default(), u64::saturating_sub);
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
    pub busy: Run,
}

impl Calls {
    /// Increase of each meter by a million orders, without the calls of an idle shop in the same time. Empty receives
    /// are left out: there are fewer of them when there is something to receive.
    pub fn of_a_million(&self) -> Vec<(Call<'_>, Meter)> {
        let (idle, busy) = (&self.idle, &self.busy);
        let of_a_million = |counted: u64, in_idle_run: u64| {
            let expected = in_idle_run * MILLION * busy.milliseconds / idle.milliseconds;
            (counted * MILLION).saturating_sub(expected) / busy.orders
        };
        let mut all = Vec::new();
        for (name, meter) in &busy.meters {
            let call = Call::parse(name);
            if !call.is_empty_receive() {
                let idle = idle.meters.get(name).copied().unwrap_or_default();
                all.push((call, meter.zip(idle, of_a_million)));
            }
        }
        all
    }

    /// Calls of an idle shop in a month.
    pub fn idle_month(&self) -> impl Iterator<Item = (Call<'_>, u64)> {
        let in_month = |calls: u64| calls * HOURS * 3_600_000 / self.idle.milliseconds;
        self.idle.meters.iter().map(move |(name, meter)| (Call::parse(name), in_month(meter.calls)))
    }
}

/// Parsed name of a meter.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub service: &'a str,
    pub action: &'a str,
    /// Table, queue, topic, function, service, or first part of a path.
    pub subject: &'a str,
}

impl<'a> Call<'a> {
    pub fn parse(name: &'a str) -> Self {
        let mut parts = name.splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_default();
        Self { service: next(), action: next(), subject: next() }
    }

    pub fn is_empty_receive(self) -> bool {
        self.action == "ReceiveMessage-empty"
    }

    /// Whether AWS has a price per call. Load balancer, logs and mail are priced otherwise.
    pub fn is_billable(self) -> bool {
        let metered = ["apigateway", "lambda", "dynamodb", "sqs", "sns", "kms", "s3", "secretsmanager"];
        metered.contains(&self.service) && !self.is_empty_receive()
    }

    /// Caller, by the subject: a table, a queue and a topic each belong to one service.
    pub fn caller(self, topology: &Topology) -> String {
        let Self { service, subject, .. } = self;
        match service {
            "apigateway" => "customer".to_owned(),
            "kms" => "user".to_owned(),
            "dynamodb" => topology.table(subject).map_or(subject, |table| &table.owner).to_owned(),
            "sqs" => topology.queue(subject).map_or(subject, |queue| &queue.consumer).to_owned(),
            "sns" => match topology.tables.iter().find(|table| table.topic.as_deref() == Some(subject)) {
                Some(table) => format!("{}-outbox-relay", table.name),
                None => subject.trim_end_matches("-events").to_owned(),
            },
            _ => subject.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_costs_its_run_less_the_idle_calls_of_the_same_time() {
        let run = |orders, milliseconds, meters: &[(&str, u64)]| {
            let meter = |calls| Meter { calls, units: 2 * calls, bytes: 10 * calls };
            let meters = meters.iter().map(|(name, calls)| ((*name).to_owned(), meter(*calls))).collect();
            Run { orders, milliseconds, meters }
        };
        let (put, sweep, empty) =
            ("dynamodb PutItem order", "dynamodb Query order", "sqs ReceiveMessage-empty order-inbox");
        let idle = run(0, 60_000, &[(sweep, 6), (empty, 3)]);
        let busy = run(50, 100_000, &[(put, 150), (sweep, 60), (empty, 4)]);
        let calls = Calls { counted: String::new(), at_once: 1, idle, busy };
        let million: Vec<_> = calls.of_a_million().into_iter().map(|(call, meter)| (call.action, meter)).collect();
        let puts = Meter { calls: 3_000_000, units: 6_000_000, bytes: 30_000_000 };
        let queries = Meter { calls: 1_000_000, units: 2_000_000, bytes: 10_000_000 };
        assert_eq!(million, [("PutItem", puts), ("Query", queries)], "10 of the 60 queries by the clock");
        let month: Vec<_> = calls.idle_month().map(|(call, calls)| (call.action, calls)).collect();
        assert_eq!(month, [("Query", 6 * 60 * 730), ("ReceiveMessage-empty", 3 * 60 * 730)]);
    }
}
