//! Settings that the programs read, against those that Terraform gives them and those that their READMEs list.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

use super::{Joined, Outcome};
use crate::planned::{Plan, PlannedResource};

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

/// Functions and tasks receive what their program reads, and secrets from Secrets Manager only.
pub fn received(joined: &Joined<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for (plan, function) in joined.all("aws_lambda_function") {
        let name = joined.plain(function.text("/function_name"));
        let program = joined.topology.function(name).map_or(name, |function| &function.binary);
        let variables = function.at("/environment/0/variables").as_object().into_iter().flatten();
        let plain: Vec<&str> = variables.map(|(name, _)| name.as_str()).collect();
        compare(joined, &mut outcome, (plan, function), program, &plain, &[]);
    }
    for (plan, task) in joined.all("aws_ecs_task_definition") {
        let containers = task.json("/container_definitions");
        let own = containers.as_array().into_iter().flatten().find(|one| one["name"] == "service");
        let names = |list: &str, is_secret: bool| -> Vec<&str> {
            let entries = own.and_then(|own| own[list].as_array()).into_iter().flatten();
            let from = |arn: Option<&str>| arn.is_some_and(|arn| arn.starts_with("arn:aws:secretsmanager:"));
            let entries = entries.filter(|entry| from(entry["valueFrom"].as_str()) == is_secret);
            entries.filter_map(|entry| entry["name"].as_str()).collect()
        };
        let program = joined.plain(task.text("/family"));
        compare(joined, &mut outcome, (plan, task), program, &names("environment", false), &names("secrets", true));
    }
    outcome
}

fn compare(
    joined: &Joined<'_>,
    outcome: &mut Outcome,
    (plan, resource): (&Plan, &PlannedResource),
    program: &str,
    plain: &[&str],
    secret: &[&str],
) {
    outcome.seen += 1;
    let Some(read) = joined.settings.get(program) else {
        return outcome.add(plan, resource, format!("there is no program services/{program}"));
    };
    let received: Vec<&str> = plain.iter().chain(secret).copied().collect();
    // The SDK and the log filter read their own variables.
    let is_common = |name: &str| name.starts_with("AWS_") || name == "RUST_LOG";
    for name in received.iter().filter(|name| !is_common(name) && !read.contains_key(**name)) {
        outcome.add(plan, resource, format!("{program} does not read {name}"));
    }
    for (name, _) in read.iter().filter(|(name, required)| **required && !received.contains(&name.as_str())) {
        outcome.add(plan, resource, format!("{program} does not start without {name}"));
    }
    for name in plain.iter().filter(|name| holds_secret(name)) {
        outcome.add(plan, resource, format!("{name} holds a secret, but does not come from Secrets Manager"));
    }
}

/// Whether the value of a setting is a secret, not its location.
fn holds_secret(name: &str) -> bool {
    let is_location = ["_ARN", "_ID", "_NAME"].iter().any(|end| name.ends_with(end));
    let is_secret = ["SECRET", "PASSWORD", "API_KEY"].iter().any(|part| name.contains(part));
    is_secret && !is_location
}

pub fn documented(joined: &Joined<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    for (service, settings) in joined.settings {
        let readme = fs::read_to_string(joined.root.join(format!("services/{service}/README.md"))).unwrap_or_default();
        outcome.seen += settings.len();
        for name in settings.keys().filter(|name| !readme.contains(&format!("`{name}`"))) {
            outcome.findings.push(format!("services/{service}/README.md does not list {name}"));
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::tests::findings, *};

    #[test]
    fn a_setting_without_default_is_required() {
        let source = "#[arg(long, env = \"A\")]\npub a: Url,\n#[arg(env = \"B\", default_value_t = 5)]\npub b: u8,\n\
                      #[arg(long, env = \"C\")]\npub c: Option<Url>,\n#[arg(long)]\npub d: bool,\n";
        let expected = [("A", true), ("B", false), ("C", false)];
        assert_eq!(parse(source), expected.map(|(name, required)| (name.to_owned(), required)).into());
    }

    #[test]
    fn a_program_receives_what_it_reads_and_no_plain_secret() {
        let relay = |variables| {
            let values = json!({ "function_name": "order-outbox-relay", "environment": [{ "variables": variables }] });
            findings(received, &[("f", "aws_lambda_function", values)])
        };
        assert!(relay(json!({ "TOPIC_ARN": "a", "AWS_LWA": "b" })).is_empty());
        assert_eq!(relay(json!({})), ["order f: outbox-relay does not start without TOPIC_ARN"]);
        assert_eq!(relay(json!({ "TOPIC_ARN": "a", "DB_PASSWORD": "b" })).len(), 2);
    }
}
