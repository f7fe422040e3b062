//! Settings that the programs read, against those that Terraform gives them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use super::{Joined, Outcome};

/// Settings in the clap attributes of a `config.rs`. One without a default that is no `Option` is required.
fn parse(source: &str) -> BTreeMap<&str, bool> {
    let mut settings = BTreeMap::new();
    for argument in source.split("#[arg(").skip(1) {
        let (attribute, field) = argument.split_once(")]").unwrap_or((argument, ""));
        let field = field.trim_start().lines().next().unwrap_or_default();
        if let Some(name) = attribute.split("env = \"").nth(1).and_then(|rest| rest.split('"').next()) {
            settings.insert(name, !attribute.contains("default_value") && !field.contains("Option<"));
        }
    }
    settings
}

/// Functions and tasks receive what their program reads.
pub fn received(joined: &Joined<'_>, outcome: &mut Outcome) {
    let mut all = Vec::new();
    for (plan, function) in joined.all("aws_lambda_function") {
        let name = joined.plain(function.text("/function_name"));
        let program = joined.topology.function(name).map_or(name, |function| &function.binary);
        let variables = function.at("/environment/0/variables").as_object().into_iter().flatten();
        all.push((plan, function, program, variables.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>()));
    }
    for (plan, task) in joined.all("aws_ecs_task_definition") {
        let containers = task.json("/container_definitions");
        let own = containers.as_array().into_iter().flatten().filter(|container| container["name"] == "service");
        let lists = own.flat_map(|container| [&container["environment"], &container["secrets"]]);
        let names = lists.filter_map(|list| list.as_array()).flatten().map(|entry| entry["name"].as_str());
        all.push((plan, task, joined.plain(task.text("/family")), names.flatten().map(str::to_owned).collect()));
    }
    outcome.seen += all.len();
    for (plan, resource, program, received) in all {
        let file = format!("services/{program}/src/config.rs");
        let Ok(source) = fs::read_to_string(joined.root.join(&file)) else {
            outcome.add(plan, resource, format!("cannot read {file}"));
            continue;
        };
        let read = parse(&source);
        // The SDK and the log filter read their own variables.
        let is_common = |name: &str| name.starts_with("AWS_") || name == "RUST_LOG";
        for name in received.iter().filter(|name| !is_common(name) && !read.contains_key(name.as_str())) {
            outcome.add(plan, resource, format!("{program} does not read {name}"));
        }
        for (name, _) in read.iter().filter(|(name, is_required)| **is_required && !received.contains(**name)) {
            outcome.add(plan, resource, format!("{program} does not start without {name}"));
        }
    }
}
