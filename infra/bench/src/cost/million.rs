//! What a million confirmed orders cost: counted calls, times prices.

use std::collections::BTreeMap;

use anyhow::Result;
use stack::topology::Topology;

use super::{
    HOURS,
    calls::{Calls, Million, caller, is_billable, parts},
    money::Usd,
    prices::Prices,
};

/// A line of the bill.
#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    /// What is billed.
    pub what: &'static str,
    /// How much of it.
    pub quantity: u128,
    /// The unit of `quantity`.
    pub unit: &'static str,
    /// What that costs.
    pub usd: Usd,
}

/// The bill of a million orders.
#[derive(Debug)]
pub struct Bill {
    /// What every profile pays.
    pub items: Vec<Item>,
    /// What comes on top where `edge` is applied.
    pub edge: Vec<Item>,
}

/// The sum of items.
pub fn sum(items: &[Item]) -> Usd {
    items.iter().map(|item| item.usd).sum()
}

/// Billable calls of a million orders, by who makes them and what is called.
pub fn billable(calls: &Calls, topology: &Topology) -> BTreeMap<(String, String), u128> {
    let mut billable = BTreeMap::new();
    for (name, million) in calls.of_a_million() {
        if is_billable(name) && million.calls > 0 {
            let (service, action, about) = parts(name);
            let call = match service {
                "apigateway" => format!("API Gateway: {action} /v1/{about}"),
                "lambda" => format!("Lambda: an invocation of {about}"),
                "dynamodb" => format!("DynamoDB: {action} on {about}"),
                _ => format!("{}: {action} on {about}", service.to_uppercase()),
            };
            *billable.entry((caller(name, topology), call)).or_default() += million.calls;
        }
    }
    billable
}

/// Prices what was counted.
pub fn bill(calls: &Calls, prices: &Prices, topology: &Topology) -> Result<Bill> {
    let counted = Counted { million: calls.of_a_million(), topology };
    let assumed = |name: &str| prices.assumption(name);
    let item = |what, name: &str, quantity, unit| {
        anyhow::Ok(Item { what, quantity, unit, usd: prices.price(name)?.of(quantity) })
    };

    let requests = counted.calls("apigateway", "");
    let invocations = counted.calls("lambda", "");
    let mut megabyte_ms = 0;
    for function in &topology.functions {
        let ms = assumed(&format!("milliseconds.{}", function.name))?;
        megabyte_ms += counted.calls("lambda", &function.name) * ms * u128::from(function.memory_mb);
    }
    let halves =
        |writes: bool| counted.sum(|name| parts(name).0 == "dynamodb" && is_write(name) == writes, |m| m.units);
    let in_vpc = |name: &str| counted.in_vpc(name);
    let through_nat = |name: &str| matches!(parts(name).0, "sqs" | "sns" | "logs") && in_vpc(name);
    let overhead = assumed("bytes_around_a_call")?;
    let logged = counted.sum(|name| matches!(parts(name).0, "logs" | "lambda"), |m| m.bytes)
        + invocations * assumed("log_bytes_of_an_invocation")?
        + requests * assumed("log_bytes_of_a_request")?;
    let nat = counted.sum(through_nat, |m| m.bytes) + counted.sum(through_nat, |m| m.calls) * overhead;
    // The load balancer passes on what the front door does; its own meter does not see answers that are streamed.
    let out = counted.sum(|name| parts(name).0 == "apigateway", |m| m.bytes) + requests * overhead;
    let traced = requests * assumed("traced_per_thousand")? / 1000;
    // Data keys are asked for by the clock: a million orders that come evenly over a month.
    let users = topology.queues.len() * 2 + topology.topics.len() + topology.tables.len() * 2;
    let data_keys = users as u128 * HOURS * 3600 / assumed("data_key_seconds")?;

    let items = vec![
        item("API Gateway, requests", "apigateway.request", requests, "requests")?,
        item("Lambda, requests", "lambda.request", invocations, "invocations")?,
        item("Lambda, memory and time", "lambda.megabyte_millisecond", megabyte_ms, "MB ms")?,
        item("DynamoDB, writes", "dynamodb.write", halves(true) / 2, "write units")?,
        item("DynamoDB, reads", "dynamodb.read", halves(false).div_ceil(2), "read units")?,
        item("SQS", "sqs.request", counted.calls("sqs", ""), "requests")?,
        item("SNS", "sns.request", counted.calls("sns", ""), "publications")?,
        item("KMS, signatures", "kms.request", counted.calls("kms", ""), "requests")?,
        item("KMS, data keys", "kms.request", data_keys, "requests")?,
        item("CloudWatch Logs", "logs.byte", logged, "bytes")?,
        item("X-Ray", "xray.trace", traced, "traces")?,
        item("NAT, data", "nat.byte", nat, "bytes")?,
        item("load balancer, data", "alb.byte", out, "bytes")?,
        item("to the internet", "internet.byte", out, "bytes")?,
    ];
    let edge = vec![
        item("CloudFront, requests", "cloudfront.request", requests, "requests")?,
        item("firewall, requests", "waf.request", requests, "requests")?,
    ];
    Ok(Bill { items, edge })
}

fn is_write(name: &str) -> bool {
    ["Put", "Update", "Delete", "BatchWrite", "TransactWrite"].iter().any(|verb| parts(name).1.starts_with(verb))
}

struct Counted<'a> {
    million: BTreeMap<&'a str, Million>,
    topology: &'a Topology,
}

impl Counted<'_> {
    fn sum(&self, which: impl Fn(&str) -> bool, of: fn(&Million) -> u128) -> u128 {
        self.million.iter().filter(|(name, _)| which(name)).map(|(_, million)| of(million)).sum()
    }

    /// The calls of a service, about one thing or about everything.
    fn calls(&self, service: &str, about: &str) -> u128 {
        let which = |name: &str| parts(name).0 == service && (about.is_empty() || parts(name).2 == about);
        self.sum(which, |million| million.calls)
    }

    /// Whether a task makes the call, from a private subnet.
    fn in_vpc(&self, name: &str) -> bool {
        self.topology.service(&caller(name, self.topology)).is_some()
    }
}

/// Millions of calls as calls of one order, to a hundredth.
pub fn per_order(million: u128) -> String {
    let hundredths = (million + 5_000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack::workspace_root;

    use crate::cost::calls::{Meter, Run};

    fn counted(meters: &[(&str, u64, u64, u64)]) -> Calls {
        let run = |orders: u64| Run {
            orders,
            milliseconds: 1,
            meters: meters
                .iter()
                .map(|(name, calls, units, bytes)| {
                    ((*name).to_owned(), Meter { calls: calls * orders, units: units * orders, bytes: bytes * orders })
                })
                .collect(),
        };
        Calls { counted: String::new(), at_once: 1, idle: run(0), fewer: run(1), more: run(2) }
    }

    #[test]
    fn a_bill_is_what_was_counted_times_its_price() {
        let calls = counted(&[
            ("apigateway POST orders", 1, 0, 0),
            ("dynamodb TransactWriteItems order", 1, 12, 0),
            ("dynamodb GetItem order", 1, 1, 0),
            ("sqs DeleteMessageBatch order-inbox", 2, 0, 0),
            ("sqs ReceiveMessage-empty order-inbox", 9, 0, 0),
        ]);
        let (prices, topology) = (Prices::read(&workspace_root()).unwrap(), Topology::load().unwrap());
        let bill = bill(&calls, &prices, &topology).unwrap();
        let quantity = |what: &str| bill.items.iter().find(|item| item.what == what).unwrap().quantity;
        assert_eq!(quantity("API Gateway, requests"), 1_000_000);
        assert_eq!(quantity("DynamoDB, writes"), 6_000_000);
        assert_eq!(quantity("DynamoDB, reads"), 500_000);
        assert_eq!(quantity("SQS"), 2_000_000);
        assert!(quantity("NAT, data") > 0, "order asks its queue from a private subnet");
        for item in &bill.items {
            assert!(item.quantity > 0 || item.usd == Usd::default(), "{item:?}");
        }
    }

    #[test]
    fn calls_are_told_by_who_makes_them() {
        let calls = counted(&[("sns PublishBatch order-events", 4, 0, 0), ("alb POST orders", 1, 0, 0)]);
        let billable = billable(&calls, &Topology::load().unwrap());
        let expected = ("order-outbox-relay".to_owned(), "SNS: PublishBatch on order-events".to_owned());
        assert_eq!(billable, BTreeMap::from([(expected, 4_000_000)]), "a load balancer is not billed by calls");
        assert_eq!(per_order(4_000_000), "4.00");
        assert_eq!(per_order(1_126_000), "1.13");
    }
}
