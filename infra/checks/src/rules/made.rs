//! What a rule looks at, and what it says.

use std::{collections::BTreeMap, fmt::Display};

use serde_json::Value;
use stack::topology::Topology;

use super::settings::Settings;
use crate::units::{Resource, State};

/// All that Terraform makes under one profile, and what it is compared with.
pub struct Shop<'a> {
    /// `dev` or `prod`: part of every name.
    pub profile: &'a str,
    /// Of all units.
    pub states: Vec<&'a State>,
    /// `infra/topology.json`
    pub topology: &'a Topology,
    /// By program: what its README says that it may be told.
    pub settings: &'a BTreeMap<String, Settings>,
}

impl<'a> Shop<'a> {
    /// All resources.
    pub fn everything(&self) -> impl Iterator<Item = Made<'a>> {
        let of = |state: &&'a State| {
            let state = *state;
            state.resources.iter().map(move |resource| Made { state, resource })
        };
        self.states.iter().flat_map(of).collect::<Vec<_>>().into_iter()
    }

    /// All resources of a kind.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = Made<'a>> {
        self.everything().filter(move |made| made.resource.kind == kind)
    }

    /// A name as the topology has it: without the prefix `shop-<environment>-`.
    pub fn plain<'n>(&self, name: &'n str) -> &'n str {
        let rest = name.strip_prefix("shop-").and_then(|rest| rest.strip_prefix(self.profile));
        rest.and_then(|rest| rest.strip_prefix('-')).unwrap_or(name)
    }
}

/// A resource, and the unit that makes it.
#[derive(Clone, Copy)]
pub struct Made<'a> {
    /// Of which unit.
    pub state: &'a State,
    /// The resource.
    pub resource: &'a Resource,
}

impl<'a> Made<'a> {
    /// An argument or attribute by its JSON pointer; null if there is none.
    pub fn at(self, pointer: &str) -> &'a Value {
        self.resource.values.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A text; empty if there is none.
    pub fn text(self, pointer: &str) -> &'a str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    /// Whether it is set to true.
    pub fn is(self, pointer: &str) -> bool {
        self.at(pointer) == true
    }

    /// The items of a list; none if there is no list.
    pub fn list(self, pointer: &str) -> impl Iterator<Item = &'a Value> {
        self.at(pointer).as_array().into_iter().flatten()
    }

    /// The document in a text; null if it is no JSON.
    pub fn json(self, pointer: &str) -> Value {
        serde_json::from_str(self.text(pointer)).unwrap_or_default()
    }

    /// The module instance that it is in; empty for the unit itself.
    pub fn module(self) -> &'a str {
        let own = format!(".{}.", self.resource.kind);
        self.resource.address.split_once(&own).map_or("", |(module, _)| module)
    }

    /// Resources of the same unit.
    pub fn beside(self, kind: &str) -> impl Iterator<Item = Made<'a>> {
        let all = self.state.resources.iter().filter(move |resource| resource.kind == kind);
        all.map(move |resource| Made { state: self.state, resource })
    }

    /// The one resource of the same unit whose `pointer` is `value`. None also if two have it: the mocked provider gives
    /// all of a kind the same ARN, unless `infra/terraform/testing/names.tfmock.hcl` says otherwise.
    pub fn only(self, kind: &str, pointer: &str, value: &str) -> Option<Made<'a>> {
        let mut found = self.beside(kind).filter(|made| made.text(pointer) == value);
        found.next().filter(|_| found.next().is_none())
    }

    /// What is wrong with it.
    pub fn but(self, what: impl Display) -> Finding {
        let (unit, address) = (self.state.unit.clone(), self.resource.address.clone());
        Finding { unit, address, what: what.to_string() }
    }
}

/// Where a rule does not hold, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    unit: String,
    address: String,
    what: String,
}

impl Finding {
    /// One that is about no resource.
    pub fn at_large(what: impl Display) -> Self {
        Self { unit: "all units".to_owned(), address: String::new(), what: what.to_string() }
    }

    /// The finding in one line, with the profiles in which it is.
    pub fn under(&self, profiles: &[&str]) -> String {
        let Self { unit, address, what } = self;
        let address = if address.is_empty() { String::new() } else { format!(" {address}") };
        format!("{unit} ({}){address}: {what}", profiles.join(", "))
    }
}

/// What a rule says.
#[derive(Default)]
pub struct Verdict {
    /// How much it looked at.
    pub seen: usize,
    found: Vec<Finding>,
}

impl Verdict {
    /// Asks for the findings of each.
    pub fn of_each<T, F: IntoIterator<Item = Finding>>(all: impl IntoIterator<Item = T>, ask: impl Fn(T) -> F) -> Self {
        let mut verdict = Self::default();
        for one in all {
            verdict.seen += 1;
            verdict.found.extend(ask(one));
        }
        verdict
    }

    /// This and another one.
    pub fn and(mut self, other: Self) -> Self {
        self.seen += other.seen;
        self.found.extend(other.found);
        self
    }

    /// What was found. A rule that looked at nothing proves nothing, and says so.
    pub fn findings(self) -> impl Iterator<Item = Finding> {
        let blind =
            (self.seen == 0).then(|| Finding::at_large("there is nothing that this rule is about: is it out of date?"));
        self.found.into_iter().chain(blind)
    }
}

/// Compares what is made with what the topology says, by name: nothing missing, nothing more, nothing different.
pub fn compare<'a>(
    expected: impl IntoIterator<Item = (String, Value)>,
    made: impl IntoIterator<Item = (Made<'a>, String, Value)>,
) -> Verdict {
    let mut expected: BTreeMap<String, Value> = expected.into_iter().collect();
    let mut verdict = Verdict::default();
    for (made, name, actual) in made {
        verdict.seen += 1;
        match expected.remove(&name) {
            None => verdict.found.push(made.but(format!("`{name}` is not in the topology, or is made twice"))),
            Some(expected) if expected != actual => {
                verdict.found.push(made.but(format!("`{name}` {}", difference(&expected, &actual))))
            }
            Some(_) => {}
        }
    }
    let missing = expected.into_keys().map(|name| Finding::at_large(format!("`{name}` of the topology is not made")));
    verdict.found.extend(missing);
    verdict
}

/// The fields in which two objects differ.
fn difference(expected: &Value, actual: &Value) -> String {
    let keys = expected.as_object().into_iter().flat_map(|fields| fields.keys());
    let differing = keys.filter(|key| expected[key.as_str()] != actual[key.as_str()]);
    let texts: Vec<_> = differing
        .map(|key| format!("has the {key} {}, in the topology it is {}", actual[key.as_str()], expected[key.as_str()]))
        .collect();
    texts.join("; ")
}

/// A list's texts, or the one text that stands for a list of one.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The same, sorted.
pub fn sorted(value: &Value) -> Vec<String> {
    let mut texts = texts(value);
    texts.sort();
    texts
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::*;

    /// A state of the unit `order` with these resources.
    pub fn state(resources: impl IntoIterator<Item = (&'static str, &'static str, Value)>) -> State {
        let resource = |(address, kind, values): (&str, &str, Value)| Resource {
            address: address.into(),
            kind: kind.into(),
            values,
        };
        let resources = resources.into_iter().map(resource).collect();
        State { unit: "order".into(), profile: "dev".into(), resources }
    }

    /// What a rule finds in it.
    pub fn findings(rule: fn(&Shop<'_>) -> Verdict, state: &State) -> Vec<String> {
        let (topology, settings) = (Topology::load().unwrap(), BTreeMap::new());
        let shop = Shop { profile: "dev", states: vec![state], topology: &topology, settings: &settings };
        rule(&shop).findings().map(|finding| finding.under(&["dev"])).collect()
    }

    #[test]
    fn a_comparison_finds_what_is_missing_what_is_more_and_what_differs() {
        let state = state([("aws_x.a", "aws_x", json!({})), ("aws_x.b", "aws_x", json!({}))]);
        let made = |index: usize| Made { state: &state, resource: &state.resources[index] };
        let verdict = compare(
            [("same".into(), json!({ "n": 1 })), ("missing".into(), json!({ "n": 1 }))],
            [(made(0), "same".into(), json!({ "n": 2 })), (made(1), "more".into(), json!({ "n": 1 }))],
        );
        let said: Vec<_> = verdict.findings().map(|finding| finding.under(&["dev"])).collect();
        assert_eq!(
            said,
            [
                "order (dev) aws_x.a: `same` has the n 2, in the topology it is 1",
                "order (dev) aws_x.b: `more` is not in the topology, or is made twice",
                "all units (dev): `missing` of the topology is not made",
            ]
        );
    }

    #[test]
    fn a_rule_that_sees_nothing_does_not_hold() {
        assert_eq!(Verdict::default().findings().count(), 1);
    }

    #[test]
    fn two_with_one_arn_are_not_told_apart() {
        let state = state([("aws_x.a", "aws_x", json!({ "arn": "1" })), ("aws_x.b", "aws_x", json!({ "arn": "1" }))]);
        let made = Made { state: &state, resource: &state.resources[0] };
        assert!(made.only("aws_x", "/arn", "1").is_none());
    }
}
