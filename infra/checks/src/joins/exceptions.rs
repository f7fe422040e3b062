//! Exceptions of the policy on named resources: statements that it allows to be about all resources.

use std::fs;

use super::{Joined, Outcome};

const POLICY: &str = "infra/terraform/policies/resources_are_named.yaml";

pub fn needed(joined: &Joined<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut used = Vec::new();
    for (_, policy) in joined.all("aws_iam_role_policy") {
        let document = policy.json("/policy");
        for statement in document["Statement"].as_array().into_iter().flatten() {
            let resources = statement["Resource"].as_array().into_iter().flatten();
            if resources.chain([&statement["Resource"]]).any(|one| one == "*") {
                used.push(statement["Sid"].as_str().map(str::to_owned));
            }
        }
    }
    let policy = fs::read_to_string(joined.root.join(POLICY)).unwrap_or_default();
    // `- SendTraces # reason`
    let listed = policy.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split_once(" # "));
    for (sid, _) in listed {
        outcome.seen += 1;
        if !used.iter().flatten().any(|used| used == sid) {
            outcome.findings.push(format!("{POLICY}: no statement `{sid}` is about all resources"));
        }
    }
    outcome
}
