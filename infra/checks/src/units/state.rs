//! What a unit makes under a profile.

use serde::Deserialize;
use serde_json::Value;

/// All that one unit makes under one profile: a state of its tests, made with a mocked provider.
#[derive(Debug)]
pub struct State {
    /// `order`, …
    pub unit: String,
    /// `dev` or `prod`.
    pub profile: String,
    /// Every resource that is managed, modules' included.
    pub resources: Vec<Resource>,
}

/// A resource of a state.
#[derive(Debug)]
pub struct Resource {
    /// `module.queues["order-inbox"].aws_sqs_queue.this`
    pub address: String,
    /// `aws_sqs_queue`
    pub kind: String,
    /// Its arguments and attributes. What AWS would have said is made up, and means nothing.
    pub values: Value,
}

impl State {
    /// What a test made of `unit` under `profile`.
    pub(super) fn new(unit: &str, profile: &str, made: TestState) -> Self {
        let mut resources = Vec::new();
        made.root_module.into_resources(&mut resources);
        Self { unit: unit.to_owned(), profile: profile.to_owned(), resources }
    }
}

/// The state that `terraform test -json -verbose` prints for a run.
#[derive(Debug, Deserialize)]
pub(super) struct TestState {
    root_module: Module,
}

#[derive(Debug, Deserialize)]
struct Module {
    #[serde(default)]
    resources: Vec<StateResource>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Debug, Deserialize)]
struct StateResource {
    address: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    values: Value,
}

impl Module {
    fn into_resources(self, all: &mut Vec<Resource>) {
        let managed = self.resources.into_iter().filter(|resource| resource.mode == "managed");
        all.extend(managed.map(|StateResource { address, kind, values, .. }| Resource { address, kind, values }));
        self.child_modules.into_iter().for_each(|module| module.into_resources(all));
    }
}
