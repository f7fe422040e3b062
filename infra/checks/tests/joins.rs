//! Plans with faults, each of which a rule has to find.

use std::collections::BTreeMap;

use checks::{joins, planned::Plan};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Case {
    rule: String,
    /// Address, type and values of each resource of the root module `order`.
    resources: Vec<(String, String, Value)>,
    /// Parts of findings.
    found: Vec<String>,
    #[serde(default)]
    not_found: Vec<String>,
}

#[test]
fn rules_find_faults_and_accept_what_is_right() {
    let cases: BTreeMap<String, Case> = serde_json::from_str(include_str!("joins.json")).unwrap();
    for (title, case) in cases {
        let mut resources = Vec::new();
        for (address, kind, values) in case.resources {
            let one = json!({ "address": address, "mode": "managed", "name": "this", "type": kind, "values": values });
            resources.push(serde_json::from_value(one).unwrap());
        }
        let plan = Plan { root_module: "order".to_owned(), profile: "dev".to_owned(), resources };
        let outcomes = joins::check(&stack::workspace_root(), &[plan]).unwrap();
        let findings = &outcomes.iter().find(|(rule, _)| *rule == case.rule).expect(&title).1.findings;
        let is_found = |part: &String| findings.iter().any(|finding| finding.contains(part));
        for part in case.found {
            assert!(is_found(&part), "{title}: {part} is not in {findings:#?}");
        }
        for part in case.not_found {
            assert!(!is_found(&part), "{title}: {part}");
        }
    }
}
