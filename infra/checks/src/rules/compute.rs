//! Tables, functions and services: the same as in `infra/topology.json`.

use serde_json::{Value, json};
use stack::topology::{Projection, Trigger};

use super::{
    made::{Made, Shop, Verdict, compare, texts},
    messaging::topic_of,
    statements,
};

pub fn tables_are_those_of_the_topology(shop: &Shop<'_>) -> Verdict {
    let expected = shop.topology.tables.iter().map(|table| {
        let index = |index: &stack::topology::Index| {
            let projection = match index.projection {
                Projection::All => "ALL",
                Projection::KeysOnly => "KEYS_ONLY",
            };
            [&*index.name, &*index.partition_key, &*index.sort_key, projection].join(" ")
        };
        let mut indexes: Vec<_> = table.indexes.iter().map(index).collect();
        indexes.sort();
        let shape = json!({
            "unit": table.owner,
            "stream": table.topic.as_ref().map_or("none", |_| "NEW_IMAGE"),
            "indexes": indexes,
            "keys": ["pk", "sk"],
            "time to live": "expires_at",
        });
        (table.name.clone(), shape)
    });
    let made = shop.all("aws_dynamodb_table").map(|table| {
        let index = |index: &Value| {
            ["name", "hash_key", "range_key", "projection_type"].map(|part| texts(&index[part]).concat()).join(" ")
        };
        let mut indexes: Vec<_> = table.list("/global_secondary_index").map(index).collect();
        indexes.sort();
        let stream = if table.is("/stream_enabled") { table.text("/stream_view_type") } else { "none" };
        let shape = json!({
            "unit": table.state.unit,
            "stream": stream,
            "indexes": indexes,
            "keys": [table.at("/hash_key"), table.at("/range_key")],
            "time to live": if table.is("/ttl/0/enabled") { table.text("/ttl/0/attribute_name") } else { "" },
        });
        (table, shop.plain(table.text("/name")).to_owned(), shape)
    });
    compare(expected, made)
}

pub fn functions_are_those_of_the_topology(shop: &Shop<'_>) -> Verdict {
    let expected = shop.topology.functions.iter().map(|function| {
        let trigger = match &function.trigger {
            Trigger::Http => json!({ "routes": true }),
            Trigger::Queue { queue, batch_size, maximum_concurrency } => {
                json!({ "queue": queue, "batch": batch_size, "at once": maximum_concurrency })
            }
            Trigger::Stream { table, batch_size } => json!({ "stream of": table, "batch": batch_size }),
        };
        let shape = json!({ "memory": function.memory_mb, "timeout": function.timeout_seconds, "triggers": [trigger] });
        (function.name.clone(), shape)
    });
    let made = shop.all("aws_lambda_function").map(|function| {
        let shape = json!({
            "memory": function.at("/memory_size"),
            "timeout": function.at("/timeout"),
            "triggers": triggers(shop, function),
        });
        (function, shop.plain(function.text("/function_name")).to_owned(), shape)
    });
    compare(expected, made)
}

/// What invokes a function through its alias.
fn triggers(shop: &Shop<'_>, function: Made<'_>) -> Vec<Value> {
    let Some(alias) = function.only("aws_lambda_alias", "/function_name", function.text("/function_name")) else {
        return vec![json!("none: it has no alias, or more than one")];
    };
    let of_alias =
        |mapping: &Made<'_>| invoked_by(*mapping).is_some_and(|made| made.resource.address == alias.resource.address);
    let mappings = function.beside("aws_lambda_event_source_mapping").filter(of_alias).map(|mapping| {
        let source = mapping.text("/event_source_arn");
        let batch = mapping.at("/batch_size");
        if let Some(queue) = mapping.only("aws_sqs_queue", "/arn", source) {
            let at_once = mapping.at("/scaling_config/0/maximum_concurrency");
            json!({ "queue": shop.plain(queue.text("/name")), "batch": batch, "at once": at_once })
        } else if let Some(table) = mapping.only("aws_dynamodb_table", "/stream_arn", source) {
            json!({ "stream of": shop.plain(table.text("/name")), "batch": batch })
        } else {
            json!(format!("{source}, of no queue or table of this unit"))
        }
    });
    let integrations = function.beside("aws_apigatewayv2_integration");
    let routed = integrations.filter(|integration| integration.text("/integration_uri") == alias.text("/invoke_arn"));
    mappings.chain(routed.map(|_| json!({ "routes": true }))).collect()
}

/// The alias that an event source invokes.
fn invoked_by(mapping: Made<'_>) -> Option<Made<'_>> {
    mapping.only("aws_lambda_alias", "/arn", mapping.text("/function_name"))
}

pub fn a_message_stays_hidden_for_six_times_its_functions_timeout(shop: &Shop<'_>) -> Verdict {
    let of_queues = shop.all("aws_lambda_event_source_mapping").filter_map(|mapping| {
        let queue = mapping.only("aws_sqs_queue", "/arn", mapping.text("/event_source_arn"))?;
        Some((mapping, queue))
    });
    Verdict::of_each(of_queues, |(mapping, queue)| {
        let name = invoked_by(mapping).map_or("", |alias| alias.text("/function_name"));
        let function = mapping.only("aws_lambda_function", "/function_name", name);
        let Some(timeout) = function.and_then(|function| function.at("/timeout").as_u64()) else {
            return Some(mapping.but("what it invokes is no function of its unit"));
        };
        let hidden = queue.at("/visibility_timeout_seconds").as_u64().unwrap_or_default();
        let what = || queue.but(format!("it hides messages for {hidden} s, and `{name}` takes up to {timeout} s"));
        (hidden < 6 * timeout).then(what)
    })
}

pub fn relays_publish_on_their_tables_topic_alone(shop: &Shop<'_>) -> Verdict {
    let relays = shop.all("aws_lambda_function").filter_map(|function| {
        let listed = shop.topology.function(shop.plain(function.text("/function_name")))?;
        let Trigger::Stream { table, .. } = &listed.trigger else { return None };
        Some((function, shop.topology.table(table)?.topic.as_deref()?))
    });
    Verdict::of_each(relays, |(function, topic)| {
        let told = function.text("/environment/0/variables/TOPIC_ARN");
        let publishes = statements::of_roles(shop).filter(|statement| {
            let policy = statement.policy;
            let own = policy.state.unit == function.state.unit && policy.module() == function.module();
            own && statement.actions.iter().any(|action| action == "sns:Publish")
        });
        let allowed: Vec<_> = publishes.flat_map(|statement| statement.resources).collect();
        let right = topic_of(told) == topic && allowed.iter().all(|arn| arn == told) && !allowed.is_empty();
        (!right).then(|| {
            function
                .but(format!("it publishes on {told} and may do so on {allowed:?}, but its table's topic is {topic}"))
        })
    })
}

pub fn services_are_those_of_the_topology(shop: &Shop<'_>) -> Verdict {
    let expected = shop.topology.services.iter().map(|service| {
        (
            service.name.clone(),
            json!({ "unit": service.name, "health checks": [service.health_check, service.health_check] }),
        )
    });
    let made = shop.all("aws_ecs_service").map(|service| {
        // Two, because a release goes from one to the other.
        let groups = service.beside("aws_lb_target_group").filter(|group| group.module() == service.module());
        let checks: Vec<_> = groups.map(|group| group.at("/health_check/0/path")).collect();
        let shape = json!({ "unit": service.state.unit, "health checks": checks });
        (service, shop.plain(service.text("/name")).to_owned(), shape)
    });
    compare(expected, made)
}

pub fn every_service_has_a_repository_of_immutable_scanned_images(shop: &Shop<'_>) -> Verdict {
    let shape = |tags: &Value, scanned: bool| json!({ "tags": tags, "scan on push": scanned });
    let expected =
        shop.topology.services.iter().map(|service| (service.name.clone(), shape(&json!("IMMUTABLE"), true)));
    let made = shop.all("aws_ecr_repository").map(|repository| {
        let scanned = repository.is("/image_scanning_configuration/0/scan_on_push");
        let name = shop.plain(repository.text("/name")).to_owned();
        (repository, name, shape(repository.at("/image_tag_mutability"), scanned))
    });
    compare(expected, made)
}

#[cfg(test)]
mod tests {
    use super::{super::made::tests::*, *};
    use crate::units::State;

    fn consumer(timeout: u64, hidden: u64) -> State {
        state([
            ("function", "aws_lambda_function", json!({ "function_name": "f", "timeout": timeout })),
            ("alias", "aws_lambda_alias", json!({ "function_name": "f", "arn": "f:live" })),
            (
                "mapping",
                "aws_lambda_event_source_mapping",
                json!({ "function_name": "f:live", "event_source_arn": "q" }),
            ),
            ("queue", "aws_sqs_queue", json!({ "arn": "q", "visibility_timeout_seconds": hidden })),
        ])
    }

    #[test]
    fn six_times_is_enough_and_a_second_less_is_not() {
        assert!(findings(a_message_stays_hidden_for_six_times_its_functions_timeout, &consumer(15, 90)).is_empty());
        assert_eq!(
            findings(a_message_stays_hidden_for_six_times_its_functions_timeout, &consumer(15, 89)),
            ["order (dev) queue: it hides messages for 89 s, and `f` takes up to 15 s"]
        );
    }

    #[test]
    fn a_relay_publishes_on_no_other_topic() {
        let relay = |told: &str, allowed: &str| {
            let statement =
                json!({ "Sid": "Publish", "Effect": "Allow", "Action": ["sns:Publish"], "Resource": [allowed] });
            let policy = json!({ "Statement": [statement] }).to_string();
            let function = json!({ "function_name": "shop-dev-order-outbox-relay", "environment": [{ "variables": { "TOPIC_ARN": told } }] });
            state([
                ("module.relay.aws_lambda_function.this", "aws_lambda_function", function),
                ("module.relay.aws_iam_role_policy.this", "aws_iam_role_policy", json!({ "policy": policy })),
            ])
        };
        let (own, other) = ("arn:aws:sns:::shop-test-order-events", "arn:aws:sns:::shop-test-user-events");
        let rule = relays_publish_on_their_tables_topic_alone;
        assert!(findings(rule, &relay(own, own)).is_empty());
        assert_eq!(findings(rule, &relay(own, other)).len(), 1);
        assert_eq!(findings(rule, &relay(other, other)).len(), 1);
    }
}
