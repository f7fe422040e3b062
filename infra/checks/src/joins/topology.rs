//! Plans against `infra/topology.json`, where a root module could ignore it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stack::topology::Trigger;

use super::{Joined, Outcome};
use crate::planned::{Plan, PlannedResource};

/// Every entry is planned exactly once as it is listed, and nothing else is.
pub fn same(joined: &Joined<'_>) -> Outcome {
    let topology = joined.topology;
    let mut listed = BTreeMap::new();
    listed.extend(topology.topics.iter().map(|topic| (format!("topic {topic}"), json!({}))));
    listed.extend(topology.tables.iter().map(|table| (format!("table {}", table.name), json!(table.topic.is_some()))));
    listed.extend(topology.services.iter().map(|service| (format!("service {}", service.name), json!({}))));
    for function in &topology.functions {
        listed.insert(format!("function {}", function.name), json!([function.memory_mb, function.timeout_seconds]));
    }
    for queue in &topology.queues {
        let shape = json!([queue.visibility_timeout_seconds, queue.max_receive_count]);
        listed.insert(format!("queue {}", queue.name), shape);
        for subscription in &queue.subscriptions {
            let name = format!("subscription of {} to {}", queue.name, subscription.topic);
            listed.insert(name, json!(subscription.types));
        }
    }
    for route in &topology.routes {
        listed.insert(format!("route {}", route.route), json!(route.scopes));
    }

    let mut outcome = Outcome { seen: listed.len(), ..Outcome::default() };
    for (plan, resource) in joined.plans.iter().flat_map(|plan| plan.resources.iter().map(move |one| (*plan, one))) {
        let Some((name, shape)) = entry(joined, plan, resource) else { continue };
        match listed.remove(&name) {
            None => outcome.add(plan, resource, format!("`{name}` is not in the topology, or is planned twice")),
            Some(expected) if expected == shape => {}
            Some(expected) => outcome.add(plan, resource, format!("{shape}, but {expected} in the topology")),
        }
    }
    outcome.findings.extend(listed.keys().map(|name| format!("no root module plans the {name}")));
    outcome
}

/// Name of a resource in the topology, and the arguments that the topology lists.
fn entry(joined: &Joined<'_>, plan: &Plan, resource: &PlannedResource) -> Option<(String, Value)> {
    let name = joined.plain(resource.text("/name"));
    match resource.kind.as_str() {
        "aws_sns_topic" if name != "alarms" => Some((format!("topic {name}"), json!({}))),
        "aws_dynamodb_table" => Some((format!("table {name}"), resource.at("/stream_enabled").clone())),
        "aws_ecs_service" => Some((format!("service {name}"), json!({}))),
        "aws_lambda_function" => {
            let name = joined.plain(resource.text("/function_name"));
            Some((format!("function {name}"), json!([resource.at("/memory_size"), resource.at("/timeout")])))
        }
        "aws_sqs_queue" if !name.ends_with("-dlq") => {
            let receives = &resource.json("/redrive_policy")["maxReceiveCount"];
            Some((format!("queue {name}"), json!([resource.at("/visibility_timeout_seconds"), receives])))
        }
        "aws_sns_topic_subscription" if resource.text("/protocol") == "sqs" => {
            let queue = plan.only("aws_sqs_queue", "/arn", resource.text("/endpoint"));
            let queue = joined.plain(queue.map_or("another queue", |queue| queue.text("/name")));
            let name = format!("subscription of {queue} to {}", topic(resource.text("/topic_arn")));
            Some((name, resource.json("/filter_policy")["type"].clone()))
        }
        "aws_apigatewayv2_route" => {
            let scopes = match (resource.text("/authorization_type"), resource.text("/authorizer_id")) {
                ("NONE", _) => Value::Null,
                ("JWT", id) if !id.is_empty() => resource.at("/authorization_scopes").clone(),
                _ => json!("no authorizer"),
            };
            Some((format!("route {}", resource.text("/route_key")), scopes))
        }
        _ => None,
    }
}

pub fn relays(joined: &Joined<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for (plan, function) in joined.all("aws_lambda_function") {
        let listed = joined.topology.function(joined.plain(function.text("/function_name")));
        let Some(Trigger::Stream { table, .. }) = listed.map(|listed| &listed.trigger) else { continue };
        let expected = joined.topology.table(table).and_then(|table| table.topic.as_deref()).unwrap_or_default();
        outcome.seen += 1;
        let arn = function.text("/environment/0/variables/TOPIC_ARN");
        let mut allowed = Vec::new();
        for policy in plan.all("aws_iam_role_policy").filter(|policy| policy.module() == function.module()) {
            for statement in policy.json("/policy")["Statement"].as_array().into_iter().flatten() {
                if statement["Action"].to_string().contains("sns:Publish") {
                    allowed.push(statement["Resource"].clone());
                }
            }
        }
        if topic(arn) != expected || allowed != [json!([arn])] {
            outcome.add(
                plan,
                function,
                format!("publishes to {arn}, may publish to {allowed:?}; its topic is {expected}"),
            );
        }
    }
    outcome
}

/// Name of a topic, by its ARN. The mocked platform belongs to the environment `test`.
fn topic(arn: &str) -> &str {
    let name = arn.rsplit(':').next().unwrap_or(arn);
    name.strip_prefix("shop-test-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::findings, *};

    #[test]
    fn a_relay_publishes_to_no_other_topic() {
        let relay = |arn: &str, allowed: &str| {
            let policy = json!({ "Statement": [{ "Action": ["sns:Publish"], "Resource": [allowed] }] }).to_string();
            let variables = json!([{ "variables": { "TOPIC_ARN": arn } }]);
            let function = json!({ "function_name": "shop-dev-order-outbox-relay", "environment": variables });
            findings(
                relays,
                &[
                    ("module.relay.aws_lambda_function.this", "aws_lambda_function", function),
                    ("module.relay.aws_iam_role_policy.this", "aws_iam_role_policy", json!({ "policy": policy })),
                ],
            )
        };
        let (own, other) = ("arn:aws:sns:::shop-test-order-events", "arn:aws:sns:::shop-test-user-events");
        assert!(relay(own, own).is_empty());
        assert_eq!(relay(own, other).len(), 1);
        assert_eq!(relay(other, other).len(), 1);
    }

    #[test]
    fn a_route_without_authorizer_differs_from_the_topology() {
        let route =
            json!({ "route_key": "GET /v1/orders", "authorization_type": "JWT", "authorization_scopes": ["customer"] });
        let found = findings(same, &[("r", "aws_apigatewayv2_route", route)]);
        assert!(found.iter().any(|finding| finding.starts_with("order r: \"no authorizer\", but")), "{found:?}");
        assert!(found.contains(&"no root module plans the topic order-events".to_owned()));
    }
}
