//! Lambda functions: code, settings and triggers.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    messaging::Messaging,
    package::{BUCKET, Package},
    tables::Tables,
};
use crate::{
    aws_api::AwsApi,
    topology::{Function, Topology, Trigger},
};

mod trigger;

const PATH: &str = "/2015-03-31/functions";

/// Program and settings of a function.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The program, built for this machine.
    pub binary: PathBuf,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
}

/// The functions of the topology.
#[derive(Debug, Clone)]
pub struct Functions {
    /// ARN by name.
    pub arns: BTreeMap<String, String>,
}

/// Deploys every function of the topology with its trigger. `deployments` are by function name. A function whose program
/// and settings have not changed keeps its warm processes.
pub async fn provision(
    config: &SdkConfig,
    topology: &Topology,
    deployments: &BTreeMap<String, Deployment>,
    messaging: &Messaging,
    tables: &Tables,
) -> Result<Functions> {
    let aws = &AwsApi::of(config)?;
    aws.create_bucket(BUCKET).await?;
    let binaries: BTreeSet<_> = deployments.values().map(|deployment| deployment.binary.clone()).collect();
    let packages = binaries.into_iter().map(async |binary| anyhow::Ok((binary.clone(), Package::read(binary).await?)));
    let packages: BTreeMap<_, _> = try_join_all(packages).await?.into_iter().collect();

    let all = topology.functions.iter().map(async |function| {
        let name = &function.name;
        let deployment = deployments.get(name).with_context(|| format!("nothing to deploy as function {name}"))?;
        let wanted = Wanted { function, deployment, package: &packages[&deployment.binary] };
        let arn = wanted.deploy(aws).await.with_context(|| format!("cannot deploy {name}"))?;
        let triggered = async {
            match &function.trigger {
                Trigger::Http => Ok(()), // routes of the public API invoke it
                Trigger::Queue { queue, batch_size, maximum_concurrency } => {
                    let queue = messaging.queue(queue)?;
                    trigger::queue(aws, name, &queue.arn, *batch_size, *maximum_concurrency).await
                }
                Trigger::Stream { table, batch_size } => {
                    trigger::stream(aws, name, tables.stream_arn(table)?, *batch_size).await
                }
            }
        };
        triggered.await.with_context(|| format!("cannot create the trigger of {name}"))?;
        anyhow::Ok((name.clone(), arn))
    });
    let arns = try_join_all(all).await?.into_iter().collect();
    try_join_all(packages.values().map(|package| package.clean_up(aws))).await?;
    Ok(Functions { arns })
}

/// A function as the topology and its deployment describe it.
struct Wanted<'a> {
    function: &'a Function,
    deployment: &'a Deployment,
    package: &'a Package,
}

impl Wanted<'_> {
    /// Creates or updates the function, and returns its ARN.
    async fn deploy(&self, aws: &AwsApi) -> Result<String> {
        let path = format!("{PATH}/{}", self.function.name);
        let settings = self.settings();
        let Some(existing) = aws.find("lambda", &path).await? else {
            let mut function = settings;
            function["FunctionName"] = json!(self.function.name);
            function["PackageType"] = json!("Zip");
            function["Runtime"] = json!("provided.al2023");
            function["Handler"] = json!("bootstrap");
            function["Role"] = json!(format!("arn:aws:iam::000000000000:role/{}", self.function.name));
            function["Code"] = json!({ "S3Bucket": BUCKET, "S3Key": self.package.upload(aws).await? });
            aws.rest("lambda", Method::POST, PATH, &function).await?;
            return wait_until_active(aws, &path).await;
        };
        let existing = &existing["Configuration"];
        if existing["Description"] != settings["Description"] {
            let code = json!({ "S3Bucket": BUCKET, "S3Key": self.package.upload(aws).await? });
            aws.rest("lambda", Method::PUT, &format!("{path}/code"), &code).await?;
            wait_until_active(aws, &path).await?;
        }
        let differs = settings.as_object().into_iter().flatten().any(|(name, value)| existing[name] != *value);
        if differs {
            aws.rest("lambda", Method::PUT, &format!("{path}/configuration"), &settings).await?;
        }
        wait_until_active(aws, &path).await
    }

    /// The settings that may change. The description names the build of the program; it is written after the code, so
    /// that an interrupted change is repeated.
    fn settings(&self) -> Value {
        json!({
            "Description": format!("{} {}", self.function.binary, self.package.fingerprint),
            "MemorySize": self.function.memory_mb,
            "Timeout": self.function.timeout_seconds,
            "Environment": { "Variables": self.deployment.environment },
        })
    }
}

/// Waits until a function takes the next change, and returns its ARN.
async fn wait_until_active(aws: &AwsApi, path: &str) -> Result<String> {
    const ATTEMPTS: usize = 200;
    for _ in 0..ATTEMPTS {
        let function = aws.find("lambda", path).await?.context("it does not exist any more")?;
        let function = &function["Configuration"];
        if function["State"] == "Active" && function["LastUpdateStatus"] == "Successful" {
            return Ok(function["FunctionArn"].as_str().context("it has no ARN")?.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("it does not become active")
}
