//! What an environment costs a month when nobody visits: every resource that Terraform makes is priced, or named as
//! free with the reason. An unknown one is an error, so that the table cannot silently grow stale.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use stack::topology::{Topology, Trigger};

use super::{HOURS, calls::Calls, free, money::Usd, prices::Prices};
use checks::units::{Resource, State};

/// A line of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// How many there are, in words.
    pub count: u128,
    /// A month of it.
    pub usd: Usd,
}

/// A profile's month, by what costs it.
#[derive(Debug, Default)]
pub struct Idle {
    /// By the name of the line.
    pub lines: BTreeMap<&'static str, Line>,
}

impl Idle {
    /// The whole month.
    pub fn sum(&self) -> Usd {
        self.lines.values().map(|line| line.usd).sum()
    }

    fn add(&mut self, name: &'static str, count: u128, usd: Usd) {
        let line = self.lines.entry(name).or_default();
        line.count += count;
        line.usd = line.usd + usd;
    }
}

/// Prices all that `states`, of one profile, make, and what the idle shop asks of AWS by the clock.
pub fn month(states: &[State], prices: &Prices, calls: &Calls, topology: &Topology) -> Result<Idle> {
    let mut idle = Idle::default();
    let resources = || states.iter().flat_map(|state| state.resources.iter().map(move |resource| (state, resource)));
    for (state, resource) in resources() {
        let place = || format!("{} of {} under {}", resource.address, state.unit, state.profile);
        price(resource, &mut idle, prices, &|reference| find_task(states, reference)).with_context(place)?;
    }
    by_the_clock(&mut idle, states, prices, calls, topology)?;
    Ok(idle)
}

/// The one decision per kind of resource.
fn price<'a>(
    resource: &Resource,
    idle: &mut Idle,
    prices: &Prices,
    find_task: &dyn Fn(&str) -> Option<&'a Value>,
) -> Result<()> {
    let values = &resource.values;
    let hours = |name: &str, count: u128| anyhow::Ok(prices.price(name)?.of(count * HOURS));
    let month = |name: &str, count: u128| anyhow::Ok(prices.price(name)?.of(count));
    match &resource.kind[..] {
        "aws_nat_gateway" => idle.add("NAT gateways", 1, hours("nat.hour", 1)?),
        "aws_eip" => idle.add("public IPv4 addresses", 1, hours("ipv4.hour", 1)?),
        "aws_lb" => idle.add("load balancer", 1, hours("alb.hour", 1)?),
        "aws_vpc_endpoint" if text(values, "vpc_endpoint_type")? == "Interface" => {
            let zones = list(values, "subnet_ids")?.len() as u128;
            idle.add("interface endpoints, by zone", zones, hours("endpoint.hour", zones)?);
        }
        "aws_vpc_endpoint" => {}
        "aws_ecs_service" => {
            let tasks = number(values, "desired_count")?;
            let name = text(values, "name")?;
            let task = find_task(name).with_context(|| format!("no task definition of the family {name}"))?;
            let [cpu, memory] = [number(task, "cpu")?, number(task, "memory")?].map(|size| size * tasks * HOURS);
            let usd = prices.price("fargate.cpu")?.of(cpu) + prices.price("fargate.memory")?.of(memory);
            idle.add("Fargate tasks", tasks, usd);
        }
        "aws_ecs_cluster" => {
            let settings = list(values, "setting")?;
            if settings.iter().any(|setting| setting["value"] == "enabled" || setting["value"] == "enhanced") {
                let metrics = prices.assumption("container_insights_metrics")?;
                idle.add("Container Insights, metrics", metrics, month("cloudwatch.metric", metrics)?);
            }
        }
        "aws_db_instance" => {
            let class = text(values, "instance_class")?;
            let zones = if values["multi_az"] == true { 2 } else { 1 };
            idle.add("RDS instances", zones, hours(&format!("rds.{class}.hour"), zones)?);
            let storage = number(values, "allocated_storage")? * zones;
            idle.add("RDS storage, GB", storage, month("rds.storage", storage)?);
        }
        "aws_kms_key" => idle.add("KMS keys", 1, month("kms.key", 1)?),
        "aws_secretsmanager_secret" => idle.add("secrets", 1, month("secret", 1)?),
        "aws_cloudwatch_dashboard" => idle.add("dashboards", 1, month("dashboard", 1)?),
        "aws_cloudwatch_metric_alarm" => {
            let queries = values["metric_query"].as_array().map_or(&[][..], Vec::as_slice);
            let metrics = queries.iter().filter(|query| query["metric"].as_array().is_some_and(|m| !m.is_empty()));
            let metrics = (metrics.count() as u128).max(1);
            idle.add("alarms, by metric", metrics, month("alarm.metric", metrics)?);
        }
        "aws_cloudwatch_log_metric_filter" => idle.add("metrics made of logs", 1, month("cloudwatch.metric", 1)?),
        "aws_wafv2_web_acl" => {
            let rules = list(values, "rule")?.len() as u128;
            idle.add("firewall, with its rules", rules, month("waf.acl", 1)? + month("waf.rule", rules)?);
        }
        "aws_service_discovery_private_dns_namespace" => idle.add("private DNS zone", 1, month("route53.zone", 1)?),
        "aws_ecr_repository" => {
            let gb = prices.assumption("ecr_gb_per_repository")?;
            idle.add("image storage, GB", gb, month("ecr.gb", gb)?);
        }
        kind if free::reason(kind).is_some() => {}
        kind => bail!("`{kind}` has neither a price nor a reason to be free: add it to infra/bench/src/cost"),
    }
    Ok(())
}

/// Receives that find nothing, and looks at what is due. Those of a task were counted; those of a function are Lambda's.
fn by_the_clock(idle: &mut Idle, states: &[State], prices: &Prices, calls: &Calls, topology: &Topology) -> Result<()> {
    let tasks: BTreeMap<&str, u128> = states
        .iter()
        .flat_map(|state| state.resources.iter().map(move |resource| (&state.unit[..], resource)))
        .filter(|(_, resource)| resource.kind == "aws_ecs_service")
        .map(|(unit, resource)| Ok((unit, number(&resource.values, "desired_count")?)))
        .collect::<Result<_>>()?;
    let (mut receives, mut looks) = (0, 0);
    for name in calls.idle.meters.keys() {
        let (service, action, _) = super::calls::parts(name);
        let per_task = tasks.get(&super::calls::caller(name, topology)[..]).copied().unwrap_or(1);
        match (service, action) {
            ("sqs", "ReceiveMessage-empty") => receives += per_task * calls.idle_month(name),
            ("dynamodb", _) => looks += per_task * calls.idle_month(name),
            _ => {}
        }
    }
    let pollers = prices.assumption("lambda_pollers_per_queue")?;
    let wait = prices.assumption("lambda_poll_seconds")?;
    let queues = topology.functions.iter().filter(|function| matches!(function.trigger, Trigger::Queue { .. })).count();
    receives += queues as u128 * pollers * HOURS * 3600 / wait;
    idle.add("empty receives", receives, prices.price("sqs.request")?.of(receives));
    idle.add("sweeps of DynamoDB", looks, prices.price("dynamodb.read")?.of(looks));
    Ok(())
}

fn find_task<'a>(states: &'a [State], family: &str) -> Option<&'a Value> {
    let mut resources = states.iter().flat_map(|state| &state.resources);
    let task =
        resources.find(|resource| resource.kind == "aws_ecs_task_definition" && resource.values["family"] == family);
    task.map(|task| &task.values)
}

fn text<'a>(values: &'a Value, name: &str) -> Result<&'a str> {
    values[name].as_str().with_context(|| format!("`{name}` is not known"))
}

fn list<'a>(values: &'a Value, name: &str) -> Result<&'a [Value]> {
    values[name].as_array().map(Vec::as_slice).with_context(|| format!("`{name}` is not known"))
}

/// Task definitions have their sizes as text.
fn number(values: &Value, name: &str) -> Result<u128> {
    let found = &values[name];
    let number = found.as_u64().or_else(|| found.as_str()?.parse().ok());
    let number = number.with_context(|| format!("`{name}` is not a number: {found}"))?;
    ensure!(number > 0, "`{name}` is 0");
    Ok(number.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use stack::workspace_root;

    use crate::cost::calls::{Meter, Run};

    fn calls() -> Calls {
        let meters = [("sqs ReceiveMessage-empty order-inbox", 3), ("sqs ReceiveMessage-empty product-inbox", 3)];
        let meters = meters.map(|(name, calls)| (name.to_owned(), Meter { calls, ..Meter::default() }));
        let run = |orders| Run { orders, milliseconds: 60_000, meters: meters.clone().into() };
        Calls { counted: String::new(), at_once: 1, idle: run(0), fewer: run(1), more: run(2) }
    }

    fn made(resources: &[(&str, Value)]) -> Result<Idle> {
        let resources = resources.iter().map(|(kind, values)| Resource {
            address: format!("{kind}.this"),
            kind: (*kind).to_owned(),
            values: values.clone(),
        });
        let state = State { unit: "order".to_owned(), profile: "dev".to_owned(), resources: resources.collect() };
        month(&[state], &Prices::read(&workspace_root())?, &calls(), &Topology::load()?)
    }

    #[test]
    fn what_nobody_has_priced_is_an_error_that_names_it() {
        let error = format!("{:#}", made(&[("aws_elasticache_cluster", json!({}))]).unwrap_err());
        assert!(error.contains("aws_elasticache_cluster.this of order under dev"), "{error}");
        made(&[("aws_iam_role", json!({}))]).unwrap();
    }

    #[test]
    fn tasks_cost_their_size_for_all_hours_of_a_month() {
        let task = json!({ "family": "shop-order", "cpu": "256", "memory": "512" });
        let service = json!({ "name": "shop-order", "desired_count": 2 });
        let idle = made(&[("aws_ecs_task_definition", task), ("aws_ecs_service", service.clone())]).unwrap();
        // 2 tasks of a quarter of a vCPU and half a GB: 0.0162 + 0.0036 an hour, for 730 hours.
        assert_eq!(idle.lines["Fargate tasks"].usd.to_string(), "14.42");
        let error = format!("{:#}", made(&[("aws_ecs_service", service)]).unwrap_err());
        assert!(error.contains("no task definition"), "{error}");
    }

    #[test]
    fn a_database_in_two_zones_costs_twice() {
        let database =
            |multi_az| json!({ "instance_class": "db.t4g.micro", "allocated_storage": 20, "multi_az": multi_az });
        let [one, two] = [false, true].map(|multi_az| made(&[("aws_db_instance", database(multi_az))]).unwrap());
        assert_eq!(one.lines["RDS instances"].usd.to_string(), "11.68");
        assert_eq!(two.lines["RDS instances"].usd.to_string(), "23.36");
        assert_eq!(two.lines["RDS storage, GB"].count, 40);
    }

    #[test]
    fn an_alarm_costs_by_the_metrics_that_it_looks_at() {
        let metric = json!([{ "metric_name": "m" }]);
        let of_two = json!({ "metric_query": [{ "metric": [] }, { "metric": metric }, { "metric": metric }] });
        let idle =
            made(&[("aws_cloudwatch_metric_alarm", of_two), ("aws_cloudwatch_metric_alarm", json!({}))]).unwrap();
        assert_eq!(idle.lines["alarms, by metric"].count, 3);
    }

    #[test]
    fn every_task_asks_its_queues_and_lambda_asks_the_queues_of_functions() {
        let task = json!({ "family": "x", "cpu": "256", "memory": "512" });
        let service = json!({ "name": "x", "desired_count": 2 });
        let idle = made(&[("aws_ecs_task_definition", task), ("aws_ecs_service", service)]).unwrap();
        let month = HOURS * 60;
        // order's two tasks, product's one that no unit made here, and five pollers at each of two queues.
        assert_eq!(idle.lines["empty receives"].count, 2 * 3 * month + 3 * month + 2 * 5 * 3 * month);
    }
}
