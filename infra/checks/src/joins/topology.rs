//! Plans against `infra/topology.json`, where a root module could ignore it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stack::topology::{Topology, Trigger};

use super::{Joined, Outcome};
use crate::planned::{Plan, PlannedResource};

/// Every entry is planned exactly once as it is listed, and nothing else is.
pub fn same(joined: &Joined<'_>, outcome: &mut Outcome) {
    let mut listed = listed(joined.topology);
    outcome.seen += listed.len();
    for (plan, resource) in joined.plans.iter().flat_map(|plan| plan.resources.iter().map(move |one| (*plan, one))) {
        let Some((name, planned)) = planned(joined, plan, resource) else { continue };
        match listed.remove(&name) {
            None => outcome.add(plan, resource, format!("`{name}` is not in the topology, or is planned twice")),
            Some(expected) if expected == planned => {}
            Some(expected) => outcome.add(plan, resource, format!("{planned}, but {expected} in the topology")),
        }
    }
    for name in listed.keys() {
        outcome.findings.insert(format!("{}: no root module plans the {name}", joined.profile));
    }
}

/// Names of all entries of the topology, with their values.
fn listed(topology: &Topology) -> BTreeMap<String, Value> {
    let mut listed = BTreeMap::new();
    listed.extend(topology.topics.iter().map(|topic| (format!("topic {topic}"), Value::Null)));
    listed.extend(topology.services.iter().map(|service| (format!("service {}", service.name), Value::Null)));
    listed.extend(topology.tables.iter().map(|table| (format!("table {}", table.name), json!(table.topic.is_some()))));
    listed.extend(topology.routes.iter().map(|route| (format!("route {}", route.route), json!(route.scopes))));
    for function in &topology.functions {
        let (batch, concurrency, topic) = match &function.trigger {
            Trigger::Http => (None, None, None),
            Trigger::Queue { batch_size, maximum_concurrency, .. } => {
                (Some(batch_size), Some(maximum_concurrency), None)
            }
            Trigger::Stream { table, batch_size } => {
                (Some(batch_size), None, topology.table(table).and_then(|table| table.topic.as_deref()))
            }
        };
        let values = json!({ "memory_mb": function.memory_mb, "timeout_seconds": function.timeout_seconds,
            "batch_size": batch, "maximum_concurrency": concurrency, "topic": topic });
        listed.insert(format!("function {}", function.name), values);
    }
    for queue in &topology.queues {
        let values = json!({ "visibility_timeout_seconds": queue.visibility_timeout_seconds,
            "max_receive_count": queue.max_receive_count });
        listed.insert(format!("queue {}", queue.name), values);
        for subscription in &queue.subscriptions {
            let name = format!("subscription of {} to {}", queue.name, subscription.topic);
            listed.insert(name, json!(subscription.types));
        }
    }
    listed
}

/// Name and values of a planned resource, as the topology would list them.
fn planned(joined: &Joined<'_>, plan: &Plan, resource: &PlannedResource) -> Option<(String, Value)> {
    let name = joined.plain(resource.text("/name"));
    match resource.kind.as_str() {
        "aws_sns_topic" if name != "alarms" => Some((format!("topic {name}"), Value::Null)),
        "aws_ecs_service" => Some((format!("service {name}"), Value::Null)),
        "aws_dynamodb_table" => Some((format!("table {name}"), resource.at("/stream_enabled").clone())),
        "aws_lambda_function" => {
            let mut mappings = plan.all("aws_lambda_event_source_mapping");
            let mapping = mappings.find(|mapping| mapping.module() == resource.module());
            let of_mapping = |pointer| mapping.map(|mapping| mapping.at(pointer));
            let values = json!({ "memory_mb": resource.at("/memory_size"), "timeout_seconds": resource.at("/timeout"),
                "batch_size": of_mapping("/batch_size"),
                "maximum_concurrency": of_mapping("/scaling_config/0/maximum_concurrency"),
                // Of a relay. The tests of its module show that its role allows no other topic.
                "topic": resource.at("/environment/0/variables/TOPIC_ARN").as_str().map(topic) });
            Some((format!("function {}", joined.plain(resource.text("/function_name"))), values))
        }
        "aws_sqs_queue" if !name.ends_with("-dlq") => {
            let values = json!({ "visibility_timeout_seconds": resource.at("/visibility_timeout_seconds"),
                "max_receive_count": resource.json("/redrive_policy")["maxReceiveCount"] });
            Some((format!("queue {name}"), values))
        }
        "aws_sns_topic_subscription" if resource.text("/protocol") == "sqs" => {
            // The mocked provider gives all queues the same ARN, unless `testing/names.tfmock.hcl` overrides it.
            let queues = plan.all("aws_sqs_queue").filter(|queue| queue.at("/arn") == resource.at("/endpoint"));
            let names: Vec<&str> = queues.map(|queue| joined.plain(queue.text("/name"))).collect();
            let name = format!("subscription of {} to {}", names.join(" or "), topic(resource.text("/topic_arn")));
            Some((name, resource.json("/filter_policy")["type"].clone()))
        }
        "aws_apigatewayv2_route" => {
            Some((format!("route {}", resource.text("/route_key")), resource.at("/authorization_scopes").clone()))
        }
        _ => None,
    }
}

/// Name of a topic, by its ARN. The mocked platform belongs to the environment `test`.
fn topic(arn: &str) -> &str {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    name.strip_prefix("shop-test-").unwrap_or(name)
}
