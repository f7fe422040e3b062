//! Consistency of a topology, which serde cannot check.

use std::collections::HashSet;

use anyhow::{Context, ensure};
use contracts::auth::Scope;

use super::{ApiRoute, Function, Queue, Table, Topology, Trigger};

pub(super) fn check(topology: &Topology) -> anyhow::Result<()> {
    unique("topic", topology.topics.iter())?;
    unique("queue", topology.queues.iter().map(|queue| &queue.name))?;
    unique("table", topology.tables.iter().map(|table| &table.name))?;
    let targets = topology.functions.iter().map(|function| &function.name);
    unique("function or service", targets.chain(topology.services.iter().map(|service| &service.name)))?;
    unique("route", topology.routes.iter().map(|route| &route.route))?;
    for function in &topology.functions {
        check_function(topology, function).with_context(|| format!("function `{}`", function.name))?;
    }
    for table in &topology.tables {
        check_table(topology, table).with_context(|| format!("table `{}`", table.name))?;
    }
    for queue in &topology.queues {
        check_queue(topology, queue).with_context(|| format!("queue `{}`", queue.name))?;
    }
    for route in &topology.routes {
        check_route(topology, route).with_context(|| format!("route `{}`", route.route))?;
    }
    Ok(())
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        ensure!(seen.insert(name), "the {what} `{name}` is listed twice");
    }
    Ok(())
}

fn check_queue(topology: &Topology, queue: &Queue) -> anyhow::Result<()> {
    let by_function = topology.function(&queue.consumer).map(|function| &function.trigger);
    let consumed = match by_function {
        Some(Trigger::Queue { queue: name, .. }) => *name == queue.name,
        Some(_) => false,
        None => topology.service(&queue.consumer).is_some(),
    };
    ensure!(consumed, "its consumer `{}` is neither a service nor a function that it triggers", queue.consumer);
    ensure!((1..=1000).contains(&queue.max_receive_count), "max_receive_count must be 1 to 1000");
    let catalogue = contracts::event::catalogue();
    for subscription in &queue.subscriptions {
        ensure!(topology.topics.contains(&subscription.topic), "there is no topic `{}`", subscription.topic);
        ensure!(!subscription.types.is_empty(), "it subscribes to no event type of `{}`", subscription.topic);
        for kind in &subscription.types {
            let event = catalogue.iter().find(|event| event.kind == kind);
            let publisher = event.with_context(|| format!("there is no event type `{kind}`"))?.publisher;
            let topic = format!("{publisher}-events");
            ensure!(subscription.topic == topic, "`{kind}` is published to `{topic}`, not `{}`", subscription.topic);
        }
    }
    Ok(())
}

fn check_table(topology: &Topology, table: &Table) -> anyhow::Result<()> {
    let mut owners = topology.services.iter().map(|service| &service.name);
    let mut binaries = topology.functions.iter().map(|function| &function.binary);
    let owned = owners.any(|name| *name == table.owner) || binaries.any(|name| *name == table.owner);
    ensure!(owned, "there is no service `{}` to own it", table.owner);
    unique("index", table.indexes.iter().map(|index| &index.name))?;
    if let Some(topic) = &table.topic {
        ensure!(topology.topics.contains(topic), "there is no topic `{topic}`");
        let relayed = topology.functions.iter().any(
            |function| matches!(&function.trigger, Trigger::Stream { table: streamed, .. } if *streamed == table.name),
        );
        ensure!(relayed, "it has a topic, but no function reads its stream");
    }
    Ok(())
}

fn check_function(topology: &Topology, function: &Function) -> anyhow::Result<()> {
    ensure!((128..=10_240).contains(&function.memory_mb), "memory_mb must be 128 to 10240");
    ensure!((1..=900).contains(&function.timeout_seconds), "timeout_seconds must be 1 to 900");
    match &function.trigger {
        Trigger::Http => {
            ensure!(function.timeout_seconds <= 30, "API Gateway waits for at most 30 seconds");
            let mut targets = topology.routes.iter().map(|route| &route.target);
            ensure!(targets.any(|target| *target == function.name), "no route has it as its target");
        }
        Trigger::Queue { queue: name, batch_size, maximum_concurrency } => {
            let queue = topology.queue(name).with_context(|| format!("there is no queue `{name}`"))?;
            ensure!(queue.consumer == function.name, "the consumer of `{name}` is `{}`", queue.consumer);
            ensure!((1..=10).contains(batch_size), "batch_size must be 1 to 10");
            ensure!((2..=1000).contains(maximum_concurrency), "maximum_concurrency must be 2 to 1000");
            let least = 6 * function.timeout_seconds;
            ensure!(
                queue.visibility_timeout_seconds >= least,
                "the visibility timeout of `{name}` must be at least 6 times this function's timeout: {least} seconds"
            );
        }
        Trigger::Stream { table: name, batch_size } => {
            let table = topology.table(name).with_context(|| format!("there is no table `{name}`"))?;
            ensure!(table.topic.is_some(), "the table `{name}` has no topic, so it has no stream");
            ensure!((1..=10_000).contains(batch_size), "batch_size must be 1 to 10000");
        }
    }
    Ok(())
}

fn check_route(topology: &Topology, route: &ApiRoute) -> anyhow::Result<()> {
    const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
    ensure!(METHODS.contains(&route.method()), "its method must be one of {}", METHODS.join(", "));
    ensure!(route.path().starts_with('/'), "its path must start with `/`");
    for segment in route.path().split('/').skip(1) {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let name = name.unwrap_or(segment);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        ensure!(
            !name.is_empty() && name.chars().all(plain),
            "the segment `{segment}` is neither a name nor a `{{name}}`"
        );
    }
    let function = topology.function(&route.target).map(|function| &function.trigger);
    let reachable = matches!(function, Some(Trigger::Http)) || topology.service(&route.target).is_some();
    ensure!(reachable, "its target `{}` is neither a service nor a function with an http trigger", route.target);
    for scope in route.scopes.iter().flatten() {
        ensure!(scope.parse::<Scope>().is_ok(), "there is no scope `{scope}`");
    }
    ensure!(
        route.scopes.as_ref().is_none_or(|scopes| !scopes.is_empty()),
        "an empty list of scopes admits every token"
    );
    Ok(())
}
