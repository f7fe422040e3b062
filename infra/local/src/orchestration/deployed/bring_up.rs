//! The root modules, in the order that `infra/terraform/README.md` gives for a new account.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use futures::future::try_join_all;
use serde_json::{Value, json};
use stack::{
    aws_api::AwsApi,
    build::Binaries,
    local_env::PROCESSOR_KEY,
    provision::{package, secrets},
    topology::Topology,
    units::{self, Units},
};
use tokio::task::spawn_blocking;

use crate::orchestration::progress::Progress;

/// Domain of the profile `dev`.
const DOMAIN: &str = "dev.shop.example";

/// Image digest. No image is pulled, because services run as processes.
const IMAGE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Origin secret of edge. Local requests bypass edge.
const ORIGIN_SECRET: &str = "0000000000000000000000000000000000000000";

/// The setup of an account.
#[derive(Debug)]
pub struct BringUp<'a> {
    pub units: Units,
    pub root: AwsApi,
    pub topology: &'a Topology,
    pub progress: Progress,
}

impl BringUp<'_> {
    /// Creates the bucket of states, the hosted zone, and the platform without its authorizer. Returns the id of the
    /// hosted zone.
    pub async fn foundation(&self) -> Result<String> {
        self.root.create_bucket(units::STATES).await?;
        let zone = self.root.create_zone(DOMAIN).await?;
        self.apply("platform, without its authorizer", "platform", platform(&zone, false)).await?;
        Ok(zone)
    }

    /// Applies all other root modules. `zone` is the id of the hosted zone, `processor` the URL of the card processor.
    ///
    /// API Gateway verifies the issuer when the authorizer is created. The issuer is a function behind the API, so the
    /// API is created first, then user, then the authorizer.
    pub async fn rest(&self, binaries: &Binaries, zone: &str, processor: &str) -> Result<()> {
        let artifacts = self.progress.step("zips of the functions", self.upload(binaries)).await?;
        let mut user = self.variables("user", &artifacts);
        user["issuer_answers"] = json!(false);
        self.apply("user, its public routes", "user", user).await?;
        self.apply("platform", "platform", platform(zone, true)).await?;

        let mut modules = vec![
            ("edge", json!({ "hosted_zone_id": zone, "origin_secret": ORIGIN_SECRET })),
            ("delivery", json!({ "state_bucket": units::STATES })),
        ];
        for program in self.topology.modules() {
            let mut variables = self.variables(program, &artifacts);
            match program {
                "user" => variables["issuer_answers"] = json!(true),
                "payment" => variables["stripe_api_base"] = json!(processor),
                _ => {}
            }
            modules.push((program, variables));
        }
        // Concurrently, because the provider spends most of the time in fixed waits.
        try_join_all(modules.into_iter().map(|(module, variables)| self.apply(module, module, variables))).await?;
        Ok(())
    }

    /// Sets the secrets that operators set by hand, so that no state contains them.
    pub async fn secrets(&self, aws: &SdkConfig, database: &str) -> Result<()> {
        secrets::secret(aws, &units::name("product-database-url"), database).await?;
        secrets::secret(aws, &units::name(secrets::PROCESSOR_KEY), PROCESSOR_KEY).await?;
        Ok(())
    }

    /// Uploads the zip of every function's program, and returns the variable `artifact` of each.
    async fn upload(&self, binaries: &Binaries) -> Result<BTreeMap<String, Value>> {
        let bucket = &parameter(&self.root, "artifacts_bucket").await?;
        let programs: BTreeSet<_> = self.topology.functions.iter().map(|function| &function.binary).collect();
        let uploads = programs.into_iter().map(async |program| {
            let binary = binaries.path(program)?.clone();
            let zip = spawn_blocking(move || package::zip(&std::fs::read(&binary)?)).await??;
            let key = format!("functions/{program}.zip");
            let version = self.root.put_object(bucket, &key, zip).await?;
            let version = version.with_context(|| format!("{key} has no version in {bucket}"))?;
            anyhow::Ok((program.clone(), json!({ "key": key, "version": version })))
        });
        Ok(try_join_all(uploads).await?.into_iter().collect())
    }

    /// The variables of a program's root module, derived from the topology.
    fn variables(&self, program: &str, artifacts: &BTreeMap<String, Value>) -> Value {
        let mut variables = json!({});
        match artifacts.get(program) {
            Some(artifact) => variables["artifact"] = artifact.clone(),
            None => variables["image_digest"] = json!(IMAGE),
        }
        if let Some(relay) = self.topology.relay(program) {
            variables["relay_artifact"] = artifacts[&relay.binary].clone();
        }
        variables
    }

    async fn apply(&self, step: &str, module: &str, variables: Value) -> Result<()> {
        self.progress.step(step, self.units.apply(module, &variables)).await
    }
}

fn platform(zone: &str, issuer_answers: bool) -> Value {
    json!({ "hosted_zone_id": zone, "issuer_answers": issuer_answers })
}

/// A parameter that the platform publishes.
pub async fn parameter(root: &AwsApi, name: &str) -> Result<String> {
    let name = format!("/shop/{}/platform/{name}", units::ENVIRONMENT);
    let response = root.json("ssm", "AmazonSSM.GetParameter", &json!({ "Name": name })).await?;
    Ok(response["Parameter"]["Value"].as_str().with_context(|| format!("no parameter {name}"))?.to_owned())
}
