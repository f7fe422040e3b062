//! A million confirmed orders: counted calls times prices.

use std::collections::BTreeMap;

use anyhow::Result;
use stack::topology::Topology;

use super::{
    HOURS,
    calls::{Calls, Meter, caller, is_billable, parts},
    prices::{Prices, Usd},
};

/// A line of the bill.
#[derive(Debug)]
pub struct Item {
    pub what: &'static str,
    pub quantity: u128,
    pub unit: &'static str,
    pub usd: Usd,
}

/// Billable calls of a million orders, by caller and call.
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

/// Lines that every profile pays, and those added by `edge`.
pub fn bill(calls: &Calls, prices: &Prices, topology: &Topology) -> Result<(Vec<Item>, Vec<Item>)> {
    let million = calls.of_a_million();
    let sum = |which: &dyn Fn(&str) -> bool, of: fn(&Meter) -> u128| -> u128 {
        million.iter().filter(|(name, _)| which(name)).map(|(_, meter)| of(meter)).sum()
    };
    let count = |service: &str| sum(&|name| parts(name).0 == service, |meter| meter.calls);
    let units =
        |writes: bool| sum(&|name| parts(name).0 == "dynamodb" && is_write(name) == writes, |meter| meter.units);

    let (requests, invocations) = (count("apigateway"), count("lambda"));
    let mut megabyte_ms = 0;
    for function in &topology.functions {
        let own = sum(&|name| parts(name).0 == "lambda" && parts(name).2 == function.name, |meter| meter.calls);
        let milliseconds = prices.assumption(&format!("milliseconds.{}", function.name))?;
        megabyte_ms += own * milliseconds * u128::from(function.memory_mb);
    }
    // Tasks in private subnets reach these services through the NAT gateways.
    let through_nat = |name: &str| {
        matches!(parts(name).0, "sqs" | "sns" | "logs") && topology.service(&caller(name, topology)).is_some()
    };
    let overhead = prices.assumption("bytes_around_a_call")?;
    let nat = sum(&through_nat, |meter| meter.bytes) + sum(&through_nat, |meter| meter.calls) * overhead;
    let logs = sum(&|name| matches!(parts(name).0, "logs" | "lambda"), |meter| meter.bytes)
        + invocations * prices.assumption("log_bytes_of_an_invocation")?
        + requests * prices.assumption("log_bytes_of_a_request")?;
    // The load balancer passes on what API Gateway does; its own meter does not see streamed responses.
    let out = sum(&|name| parts(name).0 == "apigateway", |meter| meter.bytes) + requests * overhead;
    // Data keys are requested by the clock: a million orders evenly over a month.
    let users = topology.queues.len() * 2 + topology.topics.len() + topology.tables.len() * 2;
    let data_keys = users as u128 * HOURS * 3600 / prices.assumption("data_key_seconds")?;
    let traces = requests * prices.assumption("traced_per_thousand")? / 1000;

    let item = |&(what, price, quantity, unit): &(_, &str, _, _)| {
        anyhow::Ok(Item { what, quantity, unit, usd: prices.of(price, quantity)? })
    };
    let items = [
        ("API Gateway, requests", "apigateway.request", requests, "requests"),
        ("Lambda, requests", "lambda.request", invocations, "invocations"),
        ("Lambda, memory and time", "lambda.megabyte_millisecond", megabyte_ms, "MB ms"),
        ("DynamoDB, writes", "dynamodb.write", units(true) / 2, "write units"),
        ("DynamoDB, reads", "dynamodb.read", units(false).div_ceil(2), "read units"),
        ("SQS", "sqs.request", sum(&|name| parts(name).0 == "sqs", |meter| meter.calls), "requests"),
        ("SNS", "sns.request", count("sns"), "publications"),
        ("KMS, signatures", "kms.request", count("kms"), "requests"),
        ("KMS, data keys", "kms.request", data_keys, "requests"),
        ("CloudWatch Logs", "logs.byte", logs, "bytes"),
        ("X-Ray", "xray.trace", traces, "traces"),
        ("NAT, data", "nat.byte", nat, "bytes"),
        ("load balancer, data", "alb.byte", out, "bytes"),
        ("to the internet", "internet.byte", out, "bytes"),
    ];
    let edge = [
        ("CloudFront, requests", "cloudfront.request", requests, "requests"),
        ("firewall, requests", "waf.request", requests, "requests"),
    ];
    Ok((items.iter().map(item).collect::<Result<_>>()?, edge.iter().map(item).collect::<Result<_>>()?))
}

fn is_write(name: &str) -> bool {
    ["Put", "Update", "Delete", "BatchWrite", "TransactWrite"].iter().any(|verb| parts(name).1.starts_with(verb))
}
