//! Exceptions of the policy on named resources: statements that it allows to be about all resources.

use std::{collections::BTreeSet, fs};

use super::{Joined, Outcome};

const POLICY: &str = "infra/terraform/policies/resources_are_named.yaml";

pub fn needed(joined: &Joined<'_>, outcome: &mut Outcome) {
    let mut used = BTreeSet::new();
    for (_, policy) in joined.all("aws_iam_role_policy") {
        for statement in policy.json("/policy")["Statement"].as_array().into_iter().flatten() {
            if statement["Resource"] == "*" || statement["Resource"][0] == "*" {
                used.extend(statement["Sid"].as_str().map(str::to_owned));
            }
        }
    }
    let policy = fs::read_to_string(joined.root.join(POLICY)).unwrap_or_default();
    // `- SendTraces # reason`
    for (sid, _) in policy.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split_once(" # ")) {
        outcome.seen += 1;
        if !used.contains(sid) {
            outcome.findings.insert(format!("{POLICY}: no statement `{sid}` is about all resources"));
        }
    }
}
