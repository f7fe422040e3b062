//! Resources that the root modules plan, with a mocked provider: by `tests/profile` of each root module, which applies
//! it with the variables of a profile.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stack::terraform::Terraform;

use super::terraform::{concurrently, init, modules, run};

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
#[derive(Debug, Clone, Deserialize, Serialize)]
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

    /// The plan in the format of `terraform show -json`, for checkov.
    pub fn document(&self) -> Value {
        let planned = json!({ "root_module": { "resources": self.resources } });
        json!({ "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": planned })
    }
}

/// Plans every root module with `profile`.
pub async fn plan(root: &Path, terraform: &Terraform, profile: &str) -> Result<Vec<Plan>> {
    let modules = modules(root, "units")?;
    init(root, terraform, &modules).await?;
    let plans = modules.iter().map(async |module| {
        let name = module.trim_start_matches("units/");
        let variables = format!("-var-file={}/infra/terraform/profiles/{profile}/{name}.tfvars", root.display());
        let command = ["test", "-json", "-verbose", "-test-directory=tests/profile", &variables];
        let answer = run(root, terraform, module, &command).await?;
        let resources = resources(&answer.stdout).with_context(|| format!("cannot plan {module} with {profile}"))?;
        Ok(Plan { root_module: name.to_owned(), profile: profile.to_owned(), resources })
    });
    concurrently(plans).await
}

/// Managed resources in the output of `terraform test -json -verbose`, one message per line.
fn resources(output: &str) -> Result<Vec<PlannedResource>> {
    #[derive(Deserialize)]
    struct Message {
        #[serde(default)]
        diagnostic: Value,
        test_state: Option<State>,
    }
    /// The rest is the schemas of the provider, 13 MB.
    #[derive(Deserialize)]
    struct State {
        root_module: Value,
    }
    let mut modules = Vec::new();
    for line in output.lines() {
        let message: Message = serde_json::from_str(line).context("unexpected output of terraform test")?;
        let diagnostic = message.diagnostic;
        ensure!(diagnostic["severity"] != "error", "{}: {}", diagnostic["summary"], diagnostic["detail"]);
        modules.extend(message.test_state.map(|state| state.root_module));
    }
    ensure!(!modules.is_empty(), "tests/profile applies nothing");
    let mut all = Vec::new();
    while let Some(module) = modules.pop() {
        for resource in module["resources"].as_array().into_iter().flatten().filter(|one| one["mode"] == "managed") {
            all.push(PlannedResource::deserialize(resource)?);
        }
        modules.extend(module["child_modules"].as_array().into_iter().flatten().cloned());
    }
    Ok(all)
}
