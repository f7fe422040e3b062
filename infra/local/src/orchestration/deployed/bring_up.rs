//! The root modules, in the order that `infra/terraform/README.md` gives for a new account.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use futures::future::try_join_all;
use serde_json::{Value, json};
use stack::{
    aws_api::AwsApi,
    build::Binaries,
    provision::{package, secrets},
    topology::Topology,
    units::{self, Units},
};
use tokio::task::spawn_blocking;

use crate::orchestration::progress::Progress;

/// Domain of the profile `dev`.
const DOMAIN: &str = "dev.shop.example";

/// Digest of images. They are never pulled: services run as processes.
const IMAGE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Origin secret of edge. Requests go to the API directly here.
const ORIGIN_SECRET: &str = "0000000000000000000000000000000000000000";

/// Program of the functions that publish outboxes.
const RELAY: &str = "outbox-relay";

/// An account that is set up.
#[derive(Debug)]
pub struct BringUp<'a> {
    pub units: Units,
    pub aws: SdkConfig,
    pub root: AwsApi,
    pub topology: &'a Topology,
    pub progress: Progress,
}

/// Values that the root modules get from outside.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Id of the hosted zone.
    pub zone: &'a str,
    /// URL of the card processor.
    pub processor: &'a str,
    /// API key of the card processor.
    pub processor_key: &'a str,
    /// URL of product's database.
    pub database: &'a str,
}

impl BringUp<'_> {
    /// Creates the bucket of states, the hosted zone and the platform. Returns the id of the hosted zone.
    pub async fn foundation(&self) -> Result<String> {
        self.root.create_bucket(units::STATES).await?;
        let zone = self.root.create_zone(DOMAIN).await?;
        self.apply("platform, without its authorizer", "platform", platform(&zone, false)).await?;
        Ok(zone)
    }

    /// Applies everything else. The authorizer of the API verifies its issuer, which is a function behind the API: so the
    /// API comes first, then user, then the authorizer.
    pub async fn rest(&self, binaries: &Binaries, values: Values<'_>) -> Result<()> {
        let artifacts = self.progress.step("zips of the functions", self.upload(binaries)).await?;
        let mut user = self.variables("user", &artifacts);
        user["issuer_answers"] = json!(false);
        self.apply("user, its public routes", "user", user).await?;
        self.apply("platform", "platform", platform(values.zone, true)).await?;

        let mut modules = vec![
            ("edge", json!({ "hosted_zone_id": values.zone, "origin_secret": ORIGIN_SECRET })),
            ("delivery", json!({ "state_bucket": units::STATES })),
        ];
        for program in self.topology.programs().into_iter().filter(|program| *program != RELAY) {
            let mut variables = self.variables(program, &artifacts);
            match program {
                "user" => variables["issuer_answers"] = json!(true),
                "payment" => variables["stripe_api_base"] = json!(values.processor),
                _ => {}
            }
            modules.push((program, variables));
        }
        // Concurrently: the provider spends most of the time in fixed waits.
        try_join_all(modules.into_iter().map(|(module, variables)| self.apply(module, module, variables))).await?;

        // Operators set these secrets by hand, so that no state contains them.
        secrets::secret(&self.aws, &units::name("product-database-url"), values.database).await?;
        secrets::secret(&self.aws, &units::name(secrets::PROCESSOR_KEY), values.processor_key).await?;
        Ok(())
    }

    /// Uploads the zip of every function's program, and returns the variable `artifact` of each.
    async fn upload(&self, binaries: &Binaries) -> Result<BTreeMap<String, Value>> {
        let bucket = &parameter(&self.root, "artifacts_bucket").await?;
        let mut programs: Vec<_> = self.topology.functions.iter().map(|function| function.binary.clone()).collect();
        programs.sort();
        programs.dedup();
        let uploads = programs.into_iter().map(async |program| {
            let binary = binaries.path(&program)?.clone();
            let zip = spawn_blocking(move || package::zip(&std::fs::read(&binary)?)).await??;
            let key = format!("functions/{program}.zip");
            let version = self.root.put_object(bucket, &key, zip).await?;
            let version = version.with_context(|| format!("{key} has no version in {bucket}"))?;
            anyhow::Ok((program, json!({ "key": key, "version": version })))
        });
        Ok(try_join_all(uploads).await?.into_iter().collect())
    }

    /// The variables of a root module that follow from the topology.
    fn variables(&self, program: &str, artifacts: &BTreeMap<String, Value>) -> Value {
        let mut variables = json!({});
        match artifacts.get(program) {
            Some(artifact) => variables["artifact"] = artifact.clone(),
            None => variables["image_digest"] = json!(IMAGE),
        }
        if self.topology.function(&format!("{program}-{RELAY}")).is_some() {
            variables["relay_artifact"] = artifacts[RELAY].clone();
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
