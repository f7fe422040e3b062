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
    tables::Streams,
};
use crate::{
    aws_api::{AwsApi, text},
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

/// ARNs of functions, by name.
pub type Functions = BTreeMap<String, String>;

/// Deploys all functions of the topology with their triggers. `deployments` are by function name. A function without
/// changes keeps its warm processes.
pub async fn provision(
    config: &SdkConfig,
    topology: &Topology,
    deployments: &BTreeMap<String, Deployment>,
    messaging: &Messaging,
    streams: &Streams,
) -> Result<Functions> {
    let aws = &AwsApi::of(config)?;
    aws.create_bucket(BUCKET).await?;
    let binaries: BTreeSet<_> = deployments.values().map(|deployment| deployment.binary.clone()).collect();
    let packages = binaries.into_iter().map(async |binary| anyhow::Ok((binary.clone(), Package::read(binary).await?)));
    let packages: BTreeMap<_, _> = try_join_all(packages).await?.into_iter().collect();

    let all = topology.functions.iter().map(async |function| {
        let name = &function.name;
        let deployment = deployments.get(name).with_context(|| format!("nothing to deploy as function {name}"))?;
        let package = &packages[&deployment.binary];
        let arn = deploy(aws, function, deployment, package).await.with_context(|| format!("cannot deploy {name}"))?;
        let triggered = async {
            match &function.trigger {
                Trigger::Http => Ok(()), // routes of the public API invoke it
                Trigger::Queue { queue, batch_size, maximum_concurrency } => {
                    let queue = messaging.queue(queue)?;
                    trigger::queue(aws, name, &queue.arn, *batch_size, *maximum_concurrency).await
                }
                Trigger::Stream { table, batch_size } => {
                    let stream = streams.get(table).and_then(Option::as_deref);
                    let stream = stream.with_context(|| format!("there is no table {table} with a stream"))?;
                    let failures = function.failure_queue_name().context("a stream has a failure queue")?;
                    trigger::stream(aws, name, stream, *batch_size, &messaging.queue(&failures)?.arn).await
                }
            }
        };
        triggered.await.with_context(|| format!("cannot create the trigger of {name}"))?;
        anyhow::Ok((name.clone(), arn))
    });
    let arns = try_join_all(all).await?.into_iter().collect();
    try_join_all(packages.values().map(|package| package.clean_up(aws))).await?;
    Ok(arns)
}

/// Creates or updates a function, and returns its ARN.
async fn deploy(aws: &AwsApi, function: &Function, deployment: &Deployment, package: &Package) -> Result<String> {
    let path = format!("{PATH}/{}", function.name);
    // The description names the build of the program. It is written after the code, so that an interrupted change is
    // repeated.
    let settings = json!({
        "Description": format!("{} {}", function.binary, package.fingerprint),
        "MemorySize": function.memory_mb,
        "Timeout": function.timeout_seconds,
        "Environment": { "Variables": deployment.environment },
    });
    let Some(existing) = aws.find("lambda", &path).await? else {
        let mut new = settings;
        new["FunctionName"] = json!(function.name);
        new["PackageType"] = json!("Zip");
        new["Runtime"] = json!("provided.al2023");
        new["Handler"] = json!("bootstrap");
        new["Role"] = json!(format!("arn:aws:iam::000000000000:role/{}", function.name));
        new["Code"] = json!({ "S3Bucket": BUCKET, "S3Key": package.upload(aws).await? });
        aws.rest("lambda", Method::POST, PATH, &new).await?;
        return wait_until_active(aws, &path).await;
    };
    let existing = &existing["Configuration"];
    if existing["Description"] != settings["Description"] {
        let code = json!({ "S3Bucket": BUCKET, "S3Key": package.upload(aws).await? });
        aws.rest("lambda", Method::PUT, &format!("{path}/code"), &code).await?;
        wait_until_active(aws, &path).await?;
    }
    if differs(existing, &settings) {
        aws.rest("lambda", Method::PUT, &format!("{path}/configuration"), &settings).await?;
    }
    wait_until_active(aws, &path).await
}

/// True if one of the settings has another value in `existing`.
fn differs(existing: &Value, settings: &Value) -> bool {
    settings.as_object().into_iter().flatten().any(|(name, value)| existing[name] != *value)
}

/// Waits until a function accepts changes, and returns its ARN.
async fn wait_until_active(aws: &AwsApi, path: &str) -> Result<String> {
    const ATTEMPTS: usize = 200;
    for _ in 0..ATTEMPTS {
        let function = aws.find("lambda", path).await?.context("it does not exist any more")?;
        let function = &function["Configuration"];
        if function["State"] == "Active" && function["LastUpdateStatus"] == "Successful" {
            return text(function, "FunctionArn");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("it does not become active")
}
