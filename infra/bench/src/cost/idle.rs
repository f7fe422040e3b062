//! A month without a request: every planned resource has a price or is listed as free, and an unknown one is an error.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use checks::planned::{Plan, PlannedResource};
use serde_json::Value;
use stack::topology::{Topology, Trigger};

use super::{
    HOURS,
    calls::{Calls, caller, parts},
    prices::{Prices, Usd},
};

/// Lines of the table: quantity and price of a month, by name.
pub type Month = BTreeMap<String, (u128, Usd)>;

/// Prices the plans of one profile, and the calls that the shop makes without a request.
pub fn month(plans: &[Plan], prices: &Prices, calls: &Calls, topology: &Topology) -> Result<Month> {
    let mut month = Month::new();
    for (plan, resource) in plans.iter().flat_map(|plan| plan.resources.iter().map(move |resource| (plan, resource))) {
        let lines =
            lines(plan, resource, prices).with_context(|| format!("{} of {}", resource.address, plan.root_module))?;
        lines.into_iter().for_each(|line| add(&mut month, line));
    }
    by_the_clock(&mut month, plans, prices, calls, topology)?;
    Ok(month)
}

fn add(month: &mut Month, (name, quantity, usd): (&str, u128, Usd)) {
    let line = month.entry(name.to_owned()).or_default();
    *line = (line.0 + quantity, line.1 + usd);
}

/// Lines to which a resource adds: name, quantity, price.
fn lines<'a>(plan: &Plan, resource: &PlannedResource, prices: &'a Prices) -> Result<Vec<(&'a str, u128, Usd)>> {
    let kind = resource.kind.as_str();
    if let Some(fixed) = prices.resources.get(kind) {
        let hours = if fixed.price.ends_with(".hour") { HOURS } else { 1 };
        return Ok(vec![(&fixed.line, 1, prices.of(&fixed.price, hours)?)]);
    }
    let count = |pointer: &str| resource.at(pointer).as_array().map_or(0, |list| list.len() as u128);
    Ok(match kind {
        "aws_vpc_endpoint" if resource.text("/vpc_endpoint_type") != "Interface" => vec![],
        "aws_vpc_endpoint" => {
            let zones = count("/subnet_ids");
            vec![("interface endpoints, by zone", zones, prices.of("endpoint.hour", zones * HOURS)?)]
        }
        "aws_ecs_service" => {
            let tasks = number(resource, "/desired_count")?;
            let task = plan.only("aws_ecs_task_definition", "/family", resource.text("/name"));
            let task = task.context("it has no task definition")?;
            let cpu = prices.of("fargate.cpu", number(task, "/cpu")? * tasks * HOURS)?;
            let memory = prices.of("fargate.memory", number(task, "/memory")? * tasks * HOURS)?;
            vec![("Fargate tasks", tasks, cpu + memory)]
        }
        "aws_ecs_cluster" => {
            let enabled = |setting: &Value| setting["value"] == "enabled" || setting["value"] == "enhanced";
            if !resource.at("/setting").as_array().is_some_and(|settings| settings.iter().any(enabled)) {
                return Ok(vec![]);
            }
            let metrics = prices.assumption("container_insights_metrics")?;
            vec![("Container Insights, metrics", metrics, prices.of("cloudwatch.metric", metrics)?)]
        }
        "aws_db_instance" => {
            let zones = if resource.at("/multi_az") == true { 2 } else { 1 };
            let storage = number(resource, "/allocated_storage")? * zones;
            let hour = format!("rds.{}.hour", resource.text("/instance_class"));
            vec![
                ("RDS instances", zones, prices.of(&hour, zones * HOURS)?),
                ("RDS storage, GB", storage, prices.of("rds.storage", storage)?),
            ]
        }
        "aws_cloudwatch_metric_alarm" => {
            let queries = resource.at("/metric_query").as_array().into_iter().flatten();
            let metrics = queries.filter(|query| query.pointer("/metric/0").is_some()).count().max(1) as u128;
            vec![("alarms, by metric", metrics, prices.of("alarm.metric", metrics)?)]
        }
        "aws_wafv2_web_acl" => {
            let rules = count("/rule");
            vec![("firewall, with its rules", rules, prices.of("waf.acl", 1)? + prices.of("waf.rule", rules)?)]
        }
        "aws_ecr_repository" => {
            let gb = prices.assumption("ecr_gb_per_repository")?;
            vec![("image storage, GB", gb, prices.of("ecr.gb", gb)?)]
        }
        kind if prices.is_free(kind) => vec![],
        kind => bail!("`{kind}` is neither priced nor free: add it to infra/prices.json"),
    })
}

/// Receives that find nothing, and sweeps. Those of tasks were counted; Lambda's pollers are an assumption.
fn by_the_clock(month: &mut Month, plans: &[Plan], prices: &Prices, calls: &Calls, topology: &Topology) -> Result<()> {
    let mut tasks = BTreeMap::new();
    for plan in plans {
        for service in plan.all("aws_ecs_service") {
            tasks.insert(plan.root_module.as_str(), number(service, "/desired_count")?);
        }
    }
    let (mut receives, mut sweeps) = (0, 0);
    for name in calls.idle.meters.keys() {
        let all = tasks.get(caller(name, topology).as_str()).copied().unwrap_or(1) * calls.idle_month(name);
        match parts(name) {
            ("sqs", "ReceiveMessage-empty", _) => receives += all,
            ("dynamodb", ..) => sweeps += all,
            _ => {}
        }
    }
    let queues = topology.functions.iter().filter(|function| matches!(function.trigger, Trigger::Queue { .. })).count();
    let per_queue =
        prices.assumption("lambda_pollers_per_queue")? * HOURS * 3600 / prices.assumption("lambda_poll_seconds")?;
    receives += queues as u128 * per_queue;
    add(month, ("empty receives", receives, prices.of("sqs.request", receives)?));
    add(month, ("sweeps of DynamoDB", sweeps, prices.of("dynamodb.read", sweeps)?));
    Ok(())
}

/// A number. Task definitions have theirs as text.
fn number(resource: &PlannedResource, pointer: &str) -> Result<u128> {
    let value = resource.at(pointer);
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok()).filter(|number| *number > 0);
    Ok(number.with_context(|| format!("{pointer} is not a number: {value}"))?.into())
}
