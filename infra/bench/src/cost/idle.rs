//! A month without a request: every planned resource has a price or is listed as free, and an unknown one is an error.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use checks::planned::{Plan, PlannedResource};
use serde_json::Value;
use stack::topology::Topology;

use super::{
    HOURS,
    calls::Calls,
    prices::{Prices, Row, Usd},
};

/// Quantity and price of each line.
pub type Month = BTreeMap<String, (u64, Usd)>;

/// Prices the plans of one profile, and the calls that the shop makes without a request.
pub fn month(plans: &[Plan], prices: &Prices, calls: &Calls, topology: &Topology) -> Result<Month> {
    let mut month = Month::new();
    for plan in plans {
        for resource in &plan.resources {
            add_resource(&mut month, plan, resource, prices)
                .with_context(|| format!("{} of {}", resource.address, plan.root_module))?;
        }
    }
    add_polling(&mut month, plans, prices, calls, topology)?;
    Ok(month)
}

fn add(month: &mut Month, line: &str, quantity: u64, usd: Usd) {
    let sum = month.entry(line.to_owned()).or_default();
    sum.0 += quantity;
    sum.1 += usd;
}

fn add_resource(month: &mut Month, plan: &Plan, resource: &PlannedResource, prices: &Prices) -> Result<()> {
    let kind = &resource.kind;
    let Some(rows) = prices.resources.get(kind) else {
        ensure!(prices.is_free(kind), "`{kind}` is neither priced nor free: add it to infra/prices.json");
        return Ok(());
    };
    for line in rows.iter().map(|row| &row.line).collect::<BTreeSet<_>>() {
        let applies = |row: &&Row| row.conditions.iter().all(|(pointer, value)| resource.at(pointer) == value);
        let row = rows.iter().filter(|row| row.line == *line).find(applies);
        let row = row.with_context(|| format!("no price of `{line}` applies: add one to infra/prices.json"))?;
        if let Some(price) = &row.price {
            let mut quantity = 1;
            for factor in &row.times {
                quantity *= resolve(factor, plan, resource, prices).with_context(|| factor.clone())?;
            }
            let hours = if price.ends_with(".hour") { HOURS } else { 1 };
            add(month, line, quantity, prices.of(price, quantity * hours)?);
        }
    }
    Ok(())
}

/// Value of a factor: a number, an assumption, an argument (`/cpu`), or an argument of another resource of the root
/// module (`aws_ecs_service/desired_count`).
fn resolve(factor: &str, plan: &Plan, resource: &PlannedResource, prices: &Prices) -> Result<u64> {
    if let Ok(number) = factor.parse() {
        return Ok(number);
    }
    let Some(slash) = factor.find('/') else { return prices.assumption(factor) };
    let (kind, pointer) = factor.split_at(slash);
    if kind.is_empty() {
        return number(resource, pointer);
    }
    let mut others = plan.all(kind);
    let other = others.next().filter(|_| others.next().is_none());
    number(other.context("the root module does not have exactly one resource of this type")?, pointer)
}

/// Argument as a number: that of a text, the length of a list, or with `/list/*/member` the number of elements that
/// have this member. Zero is an error, since a missing argument must not be free.
fn number(resource: &PlannedResource, pointer: &str) -> Result<u64> {
    let (pointer, member) = pointer.split_once("/*").unwrap_or((pointer, ""));
    let value = resource.at(pointer);
    let number = match value {
        Value::Array(list) => Some(list.iter().filter(|element| element.pointer(member).is_some()).count() as u64),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    number.filter(|number| *number > 0).with_context(|| format!("not a positive number: {value}"))
}

/// Empty receives and sweeps of tasks, as counted on an idle shop with one task of each service.
fn add_polling(month: &mut Month, plans: &[Plan], prices: &Prices, calls: &Calls, topology: &Topology) -> Result<()> {
    let mut tasks = BTreeMap::new();
    for plan in plans {
        for service in plan.all("aws_ecs_service") {
            tasks.insert(plan.root_module.clone(), number(service, "/desired_count")?);
        }
    }
    for (call, calls) in calls.idle_month() {
        let (line, price) = match call.service {
            "sqs" => ("empty receives", "sqs.request"),
            "dynamodb" => ("sweeps of DynamoDB", "dynamodb.read"),
            _ => continue,
        };
        let calls = calls * tasks.get(&call.caller(topology)).unwrap_or(&1);
        add(month, line, calls, prices.of(price, calls)?);
    }
    Ok(())
}
