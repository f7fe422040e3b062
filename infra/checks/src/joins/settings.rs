//! Settings that the programs read, against those that Terraform gives them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};

use super::{Joined, Outcome};

/// Settings of a program: names, and whether each is required.
pub type Settings = BTreeMap<String, bool>;

/// Reads the settings of every service from the clap attributes of its `src/config.rs`.
pub fn read(root: &Path) -> Result<BTreeMap<String, Settings>> {
    let mut all = BTreeMap::new();
    for service in fs::read_dir(root.join("services")).context("cannot list services/")? {
        let service = service?;
        let source = fs::read_to_string(service.path().join("src/config.rs"));
        let source = source.with_context(|| format!("cannot read the settings of {}", service.path().display()))?;
        all.insert(service.file_name().to_string_lossy().into_owned(), parse(&source));
    }
    Ok(all)
}

/// A setting is required unless it has a default or is an `Option`.
fn parse(source: &str) -> Settings {
    let mut settings = Settings::new();
    for argument in source.split("#[arg(").skip(1) {
        let (attribute, field) = argument.split_once(")]").unwrap_or((argument, ""));
        let field = field.trim_start().lines().next().unwrap_or_default();
        if let Some(name) = attribute.split("env = \"").nth(1).and_then(|rest| rest.split('"').next()) {
            settings.insert(name.to_owned(), !attribute.contains("default_value") && !field.contains("Option<"));
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
        let Some(read) = joined.settings.get(program) else {
            outcome.add(plan, resource, format!("there is no program services/{program}"));
            continue;
        };
        // The SDK and the log filter read their own variables.
        let is_common = |name: &str| name.starts_with("AWS_") || name == "RUST_LOG";
        for name in received.iter().filter(|name| !is_common(name) && !read.contains_key(*name)) {
            outcome.add(plan, resource, format!("{program} does not read {name}"));
        }
        for (name, _) in read.iter().filter(|(name, is_required)| **is_required && !received.contains(*name)) {
            outcome.add(plan, resource, format!("{program} does not start without {name}"));
        }
    }
}
