//! Rules that join several files. A rule has one line in the report, and says how much it looked at.
//!
//! - `alarms`: an alarm for each resource that can fail
//! - `topology`: plans against `infra/topology.json`
//! - `settings`: plans against the settings that the programs read
//! - `exceptions`: exceptions of the policies that no statement needs

mod alarms;
mod exceptions;
mod settings;

mod topology;

use std::{collections::BTreeSet, fmt::Display, path::Path};

use anyhow::Result;
use stack::topology::Topology;

use super::planned::{PROFILES, Plan, PlannedResource};

/// Plans of one profile, and what they are joined with.
struct Joined<'a> {
    root: &'a Path,
    profile: &'a str,
    plans: Vec<&'a Plan>,
    topology: &'a Topology,
}

impl<'a> Joined<'a> {
    /// Resources of a type, with their plans.
    fn all(&self, kind: &'a str) -> impl Iterator<Item = (&'a Plan, &'a PlannedResource)> {
        self.plans.iter().flat_map(move |plan| plan.all(kind).map(|resource| (*plan, resource)))
    }

    /// A name without the prefix `shop-<environment>-`.
    fn plain<'n>(&self, name: &'n str) -> &'n str {
        name.strip_prefix(&format!("shop-{}-", self.profile)).unwrap_or(name)
    }
}

/// Result of a rule.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Number of things that the rule looked at.
    pub seen: usize,
    /// Descriptions of the faults.
    pub findings: BTreeSet<String>,
}

impl Outcome {
    fn add(&mut self, plan: &Plan, resource: &PlannedResource, finding: impl Display) {
        self.findings.insert(format!("{} {} {}: {finding}", plan.profile, plan.root_module, resource.address));
    }
}

type Rule = fn(&Joined<'_>, &mut Outcome);

const RULES: [(&str, Rule); 4] = [
    ("alarms for every resource that can fail", alarms::all),
    ("plans equal infra/topology.json", topology::same),
    ("programs receive the settings that they read", settings::received),
    ("exceptions from named resources are needed", exceptions::needed),
];

/// Applies every rule to every profile.
pub fn check(root: &Path, plans: &[Plan]) -> Result<Vec<(&'static str, Outcome)>> {
    let topology = Topology::load()?;
    let mut outcomes = Vec::new();
    for (name, rule) in RULES {
        let mut outcome = Outcome::default();
        for profile in PROFILES {
            let plans = plans.iter().filter(|plan| plan.profile == profile).collect();
            rule(&Joined { root, profile, plans, topology: &topology }, &mut outcome);
        }
        if outcome.seen == 0 {
            outcome.findings.insert("nothing that the rule is about exists: it is outdated".to_owned());
        }
        outcomes.push((name, outcome));
    }
    Ok(outcomes)
}
