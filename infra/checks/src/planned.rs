//! Resources that the root modules plan, with a mocked provider: by `tests/profile` of each root module, which applies
//! it with the variables of a profile.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use stack::terraform::Terraform;

use super::{
    report::Report,
    terraform::{Module, concurrently},
};

/// Directories of `infra/terraform/profiles`.
pub const PROFILES: [&str; 2] = ["dev", "prod"];

/// Resources of one root module with one profile.
#[derive(Debug)]
pub struct Plan {
    /// Name of the root module, such as `order`.
    pub root_module: String,
    /// Name of the profile, which is also the environment in every name.
    pub profile: String,
    /// All managed resources.
    pub resources: Vec<PlannedResource>,
}

/// A resource and its arguments.
#[derive(Debug, Clone, Deserialize)]
pub struct PlannedResource {
    /// Address in the root module.
    pub address: String,
    mode: String,
    name: String,
    /// Type, such as `aws_sqs_queue`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Arguments and attributes.
    pub values: Value,
}

impl PlannedResource {
    /// Returns an argument by its JSON pointer, or null.
    pub fn at(&self, pointer: &str) -> &Value {
        self.values.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// Returns a string, or an empty one.
    pub fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    /// Parses the JSON document in a string. Null if it is none.
    pub fn json(&self, pointer: &str) -> Value {
        serde_json::from_str(self.text(pointer)).unwrap_or_default()
    }

    /// Address of the module that declares it. Empty for the root module.
    pub fn module(&self) -> &str {
        self.address.split_once(&format!(".{}.", self.kind)).map_or("", |(module, _)| module)
    }
}

impl Plan {
    /// Resources of a type.
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a PlannedResource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// The one resource of a type whose `pointer` is `value`. None if two match: the mocked provider gives all
    /// resources of a type the same ARN, unless `infra/terraform/testing/names.tfmock.hcl` overrides it.
    pub fn only<'a>(&'a self, kind: &'a str, pointer: &'a str, value: &'a str) -> Option<&'a PlannedResource> {
        let mut found = self.all(kind).filter(move |resource| resource.text(pointer) == value);
        found.next().filter(|_| found.next().is_none())
    }

    /// The plan in the format of `terraform show -json`, for checkov.
    pub fn document(&self) -> Value {
        let mut resources = Vec::new();
        for PlannedResource { address, mode, name, kind, values } in &self.resources {
            resources.push(json!({ "address": address, "mode": mode, "name": name, "type": kind, "values": values }));
        }
        let planned = json!({ "root_module": { "resources": resources } });
        json!({ "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": planned })
    }
}

/// Plans every root module with every profile. Returns nothing unless all of them can be planned.
pub async fn check(root: &Path, terraform: &Terraform, report: &mut Report) -> Result<Vec<Plan>> {
    let (mut plans, mut findings) = (Vec::new(), Vec::new());
    for profile in PROFILES {
        match plan(root, terraform, profile).await {
            Ok(planned) => plans.extend(planned),
            Err(error) => findings.push(format!("{error:#}")),
        }
    }
    if !findings.is_empty() {
        plans.clear();
    }
    report.record("root modules can be planned", format!("{} plans", plans.len()), findings);
    Ok(plans)
}

/// Plans every root module with `profile`.
pub async fn plan(root: &Path, terraform: &Terraform, profile: &str) -> Result<Vec<Plan>> {
    let modules = Module::all(root, "units")?;
    for module in &modules {
        let answer = module.init(terraform).await?;
        ensure!(answer.code == 0, "terraform init in {}:\n{}", module.name, answer.stderr);
    }
    concurrently(modules.iter().map(|module| plan_module(root, terraform, module, profile))).await
}

async fn plan_module(root: &Path, terraform: &Terraform, module: &Module, profile: &str) -> Result<Plan> {
    let name = module.name.trim_start_matches("units/");
    let variables = root.join(format!("infra/terraform/profiles/{profile}/{name}.tfvars"));
    let variables = format!("-var-file={}", variables.display());
    let answer =
        module.run(terraform, &["test", "-json", "-verbose", "-test-directory=tests/profile", &variables]).await?;
    let resources = resources(&answer.stdout).with_context(|| format!("cannot plan {} with {profile}", module.name))?;
    Ok(Plan { root_module: name.to_owned(), profile: profile.to_owned(), resources })
}

/// Resources in the output of `terraform test -json -verbose`. The output also holds all schemas of the provider, 13
/// MB.
fn resources(output: &str) -> Result<Vec<PlannedResource>> {
    #[derive(Deserialize)]
    struct Message {
        diagnostic: Option<BTreeMap<String, Value>>,
        test_state: Option<State>,
    }
    #[derive(Deserialize)]
    struct State {
        root_module: StateModule,
    }
    #[derive(Deserialize)]
    struct StateModule {
        #[serde(default)]
        resources: Vec<PlannedResource>,
        #[serde(default)]
        child_modules: Vec<StateModule>,
    }
    let (mut state, mut errors) = (None, Vec::new());
    for line in output.lines() {
        let message: Message = serde_json::from_str(line).context("unexpected output of terraform test")?;
        state = message.test_state.or(state);
        if let Some(diagnostic) = message.diagnostic.filter(|one| one["severity"] == "error") {
            errors.push(format!("{}: {}", diagnostic["summary"], diagnostic.get("detail").unwrap_or(&Value::Null)));
        }
    }
    ensure!(errors.is_empty(), "{}", errors.join("\n"));
    let mut modules = vec![state.context("tests/profile applies nothing")?.root_module];
    let mut all = Vec::new();
    while let Some(module) = modules.pop() {
        all.extend(module.resources.into_iter().filter(|resource| resource.mode == "managed"));
        modules.extend(module.child_modules);
    }
    Ok(all)
}
