//! Rules that join several files. A rule has one line in the report, and says how much it looked at.
//!
//! - `alarms`: an alarm for each resource that can fail
//! - `topology`: plans against `infra/topology.json`
//! - `settings`: plans and READMEs against the settings that the programs read
//! - `exceptions`: exceptions of the policies that no statement needs

mod alarms;
mod exceptions;
mod settings;
mod topology;

use std::{collections::BTreeMap, fmt::Display, path::Path};

use anyhow::Result;
use stack::topology::Topology;

use self::settings::Settings;
use super::{
    planned::{PROFILES, Plan, PlannedResource},
    report::Report,
};

/// Plans of one profile, and what they are joined with.
struct Joined<'a> {
    root: &'a Path,
    profile: &'a str,
    plans: Vec<&'a Plan>,
    topology: &'a Topology,
    /// Settings that each program reads.
    settings: &'a BTreeMap<String, Settings>,
}

impl<'a> Joined<'a> {
    /// Resources of a type, with their plans.
    fn all(&self, kind: &'a str) -> impl Iterator<Item = (&'a Plan, &'a PlannedResource)> {
        self.plans.iter().flat_map(move |plan| plan.all(kind).map(|resource| (*plan, resource)))
    }

    /// A name without the prefix `shop-<environment>-`.
    fn plain<'n>(&self, name: &'n str) -> &'n str {
        let rest = name.strip_prefix("shop-").and_then(|rest| rest.strip_prefix(self.profile));
        rest.and_then(|rest| rest.strip_prefix('-')).unwrap_or(name)
    }
}

/// Result of a rule with one profile.
#[derive(Default)]
struct Outcome {
    /// Number of things that the rule looked at. A rule that looked at nothing fails: it is outdated.
    seen: usize,
    findings: Vec<String>,
}

impl Outcome {
    fn add(&mut self, plan: &Plan, resource: &PlannedResource, finding: impl Display) {
        self.findings.push(format!("{} {}: {finding}", plan.root_module, resource.address));
    }
}

type Rule = fn(&Joined<'_>) -> Outcome;

const RULES: &[(&str, Rule)] = &[
    ("alarms for every resource that can fail", alarms::all),
    ("plans equal infra/topology.json", topology::same),
    ("relays publish to the topic of their table only", topology::relays),
    ("programs receive the settings that they read", settings::received),
    ("READMEs list the settings that programs read", settings::documented),
    ("exceptions from named resources are needed", exceptions::needed),
];

/// Applies every rule to every profile.
pub fn check(root: &Path, plans: &[Plan], report: &mut Report) -> Result<()> {
    let (topology, settings) = (Topology::load()?, settings::read(root)?);
    for (name, rule) in RULES {
        let (mut seen, mut findings) = (0, Vec::new());
        for profile in PROFILES {
            let plans = plans.iter().filter(|plan| plan.profile == profile).collect();
            let outcome = rule(&Joined { root, profile, plans, topology: &topology, settings: &settings });
            seen += outcome.seen;
            findings.extend(outcome.findings.into_iter().map(|finding| format!("{profile}: {finding}")));
        }
        if seen == 0 {
            findings.push("nothing that the rule is about exists: it is outdated".to_owned());
        }
        report.record(name, seen, findings);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Findings of a rule for a plan of `order` with these resources: address, type, values.
    pub fn findings(rule: Rule, resources: &[(&str, &str, Value)]) -> Vec<String> {
        let resource = |(address, kind, values): &(&str, &str, Value)| {
            let one = json!({ "address": address, "mode": "managed", "name": "this", "type": kind, "values": values });
            serde_json::from_value(one).unwrap()
        };
        let resources = resources.iter().map(resource).collect();
        let plan = Plan { root_module: "order".to_owned(), profile: "dev".to_owned(), resources };
        let (root, topology) = (stack::workspace_root(), Topology::load().unwrap());
        let settings = settings::read(&root).unwrap();
        let plans = vec![&plan];
        rule(&Joined { root: &root, profile: "dev", plans, topology: &topology, settings: &settings }).findings
    }
}
