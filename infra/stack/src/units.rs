//! The root modules of `infra/terraform/units`, applied to the emulated AWS as to an account: with the profile `dev`
//! and a state in a bucket. Their variable `emulator` omits resources that the emulator lacks.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::{
    emulator,
    terraform::{Answer, Terraform},
    topology::Topology,
};

/// The environment of the profile `dev`, which is part of every name.
pub const ENVIRONMENT: &str = "dev";

/// The bucket of states, which must exist before Terraform runs.
pub const STATES: &str = "shop-states";

/// All root modules.
pub fn all(topology: &Topology) -> Vec<&str> {
    ["platform", "edge", "delivery"].into_iter().chain(topology.modules()).collect()
}

/// Name of a resource: `shop-dev-order` for `order`.
pub fn name(of: &str) -> String {
    format!("shop-{ENVIRONMENT}-{of}")
}

/// The root modules, and the emulated AWS that they are applied to.
#[derive(Debug)]
pub struct Units {
    terraform: Terraform,
    sources: PathBuf,
    data: PathBuf,
    endpoint: String,
    /// Held during `terraform init`: concurrent ones would fetch the provider into the same folder.
    init: Mutex<()>,
}

impl Units {
    /// The root modules of the repository at `root`, for the emulated AWS at `endpoint`. The data of Terraform and the
    /// variables are kept in the folder `data`.
    pub fn new(terraform: Terraform, root: &Path, data: PathBuf, endpoint: &str) -> Self {
        let (sources, endpoint) = (root.join("infra/terraform/units"), endpoint.to_owned());
        Self { terraform, sources, data, endpoint, init: Mutex::new(()) }
    }

    /// Applies a root module with these variables and those of its profile. Later plans use the same variables.
    pub async fn apply(&self, unit: &str, variables: &Value) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.data).with_context(|| format!("cannot create {}", self.data.display()))?;
        let mut all =
            Map::from_iter([("emulator".to_owned(), json!(true)), ("region".to_owned(), json!(emulator::REGION))]);
        all.extend(variables.as_object().context("the variables are not an object")?.clone());
        std::fs::write(self.variables(unit), Value::from(all).to_string())?;
        self.init(unit).await?;
        self.with_variables(unit, &["apply", "-auto-approve"]).await?.ok(&format!("`terraform apply` of {unit}"))?;
        Ok(())
    }

    /// The changes that another apply would make, in the format of `terraform show -json`. `None` without changes.
    pub async fn plan(&self, unit: &str) -> anyhow::Result<Option<Value>> {
        let file = self.data.join(format!("{unit}.plan"));
        let out = format!("-out={}", file.display());
        let plan = self.with_variables(unit, &["plan", "-detailed-exitcode", &out]).await?;
        match plan.code {
            0 => return Ok(None),
            2 => {}
            _ => bail!("`terraform plan` of {unit}:\n{}{}", plan.stdout, plan.stderr),
        }
        let show = self.terraform(unit, &["show", "-json", &file.to_string_lossy()]).await?;
        Ok(Some(serde_json::from_str(&show.ok(&format!("`terraform show` of {unit}"))?.stdout)?))
    }

    async fn init(&self, unit: &str) -> anyhow::Result<()> {
        let _one_at_a_time = self.init.lock().await;
        let state = [
            format!("bucket={STATES}"),
            format!("key=shop/{ENVIRONMENT}/{unit}.tfstate"),
            format!("region={}", emulator::REGION),
            "use_lockfile=true".to_owned(),
            "use_path_style=true".to_owned(),
        ];
        let state = state.map(|setting| format!("-backend-config={setting}"));
        let arguments: Vec<&str> =
            ["init", "-reconfigure"].into_iter().chain(state.iter().map(String::as_str)).collect();
        self.terraform(unit, &arguments).await?.ok(&format!("`terraform init` of {unit}"))?;
        Ok(())
    }

    async fn with_variables(&self, unit: &str, arguments: &[&str]) -> anyhow::Result<Answer> {
        let profile = format!("-var-file=../../profiles/{ENVIRONMENT}/{unit}.tfvars");
        let own = format!("-var-file={}", self.variables(unit).display());
        let arguments: Vec<&str> = arguments.iter().copied().chain([profile.as_str(), &own]).collect();
        self.terraform(unit, &arguments).await
    }

    async fn terraform(&self, unit: &str, arguments: &[&str]) -> anyhow::Result<Answer> {
        let (folder, data) = (self.sources.join(unit), self.data.join(unit));
        let mut terraform = self.terraform.in_folder(&folder, &data.to_string_lossy());
        for (name, value) in emulator::environment(&self.endpoint) {
            terraform = terraform.env(name, value);
        }
        // Excludes the AWS accounts of this machine's user.
        for (name, value) in
            [("AWS_PROFILE", ""), ("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")]
        {
            terraform = terraform.env(name, value);
        }
        let no_color = (arguments.first() != Some(&"show")).then_some("-no-color");
        terraform.run(arguments.iter().copied().chain(no_color)).await
    }

    fn variables(&self, unit: &str) -> PathBuf {
        self.data.join(format!("{unit}.tfvars.json"))
    }
}
