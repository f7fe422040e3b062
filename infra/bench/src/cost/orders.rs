//! A million confirmed orders: counted calls times prices.

use anyhow::Result;
use stack::topology::Topology;

use super::{
    HOURS,
    calls::{Call, Calls, Meter},
    prices::Prices,
};

/// Line of the bill, name of its price, and quantity.
pub type Item = (&'static str, &'static str, u64);

/// Lines that every profile pays, and those added by `edge`.
pub fn bill(calls: &Calls, prices: &Prices, topology: &Topology) -> Result<(Vec<Item>, Vec<Item>)> {
    let million = calls.of_a_million();
    let sum = |belongs: &dyn Fn(&Call<'_>) -> bool| {
        let meters = million.iter().filter(|(call, _)| belongs(call)).map(|(_, meter)| *meter);
        meters.fold(Meter::default(), |sum, meter| sum.zip(meter, |a, b| a + b))
    };
    let of = |service: &str| sum(&|call| call.service == service);

    let (gateway, lambda) = (of("apigateway"), of("lambda"));
    let writes = sum(&|call| call.service == "dynamodb" && is_write(call));
    let reads = sum(&|call| call.service == "dynamodb" && !is_write(call));
    let mut megabyte_ms = 0;
    for function in &topology.functions {
        let invocations = sum(&|call| call.service == "lambda" && call.subject == function.name).calls;
        let milliseconds = prices.assumption(&format!("milliseconds.{}", function.name))?;
        megabyte_ms += invocations * milliseconds * u64::from(function.memory_mb);
    }
    let overhead = prices.assumption("bytes_around_a_call")?;
    // Tasks in private subnets reach these services through the NAT gateways.
    let nat = sum(&|call| {
        matches!(call.service, "sqs" | "sns" | "logs") && topology.service(&call.caller(topology)).is_some()
    });
    let logs = of("logs").bytes
        + lambda.bytes
        + lambda.calls * prices.assumption("log_bytes_of_an_invocation")?
        + gateway.calls * prices.assumption("log_bytes_of_a_request")?;
    // The load balancer passes on the traffic of API Gateway; its own meter does not see streamed responses.
    let out = gateway.bytes + gateway.calls * overhead;
    // Data keys are requested by the clock: a million orders evenly over a month.
    let users = topology.queues.len() * 2 + topology.topics.len() + topology.tables.len() * 2;
    let data_keys = users as u64 * HOURS * 3600 / prices.assumption("data_key_seconds")?;
    let traces = gateway.calls * prices.assumption("traced_per_thousand")? / 1000;

    let items = vec![
        ("API Gateway, requests", "apigateway.request", gateway.calls),
        ("Lambda, invocations", "lambda.request", lambda.calls),
        ("Lambda, MB ms", "lambda.megabyte_millisecond", megabyte_ms),
        ("DynamoDB, write units", "dynamodb.write", writes.units / 2),
        ("DynamoDB, read units", "dynamodb.read", reads.units.div_ceil(2)),
        ("SQS, requests", "sqs.request", of("sqs").calls),
        ("SNS, publications", "sns.request", of("sns").calls),
        ("KMS, signatures", "kms.request", of("kms").calls),
        ("KMS, data keys", "kms.request", data_keys),
        ("CloudWatch Logs, bytes", "logs.byte", logs),
        ("X-Ray, traces", "xray.trace", traces),
        ("NAT gateways, bytes", "nat.byte", nat.bytes + nat.calls * overhead),
        ("load balancer, bytes", "alb.byte", out),
        ("to the internet, bytes", "internet.byte", out),
    ];
    let edge = vec![
        ("CloudFront, requests", "cloudfront.request", gateway.calls),
        ("firewall, requests", "waf.request", gateway.calls),
    ];
    Ok((items, edge))
}

fn is_write(call: &Call<'_>) -> bool {
    ["Put", "Update", "Delete", "BatchWrite", "TransactWrite"].iter().any(|verb| call.action.starts_with(verb))
}
