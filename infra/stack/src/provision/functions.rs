//! Lambda functions: code, settings, and what invokes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use aws_config::SdkConfig;
use aws_sdk_lambda::{
    Client,
    types::{Environment, FunctionCode, FunctionConfiguration, LastUpdateStatus, PackageType, Runtime, State},
};
use futures::future::try_join_all;

use super::{
    messaging::Messaging,
    package::{BUCKET, Bucket, Package},
    tables::Tables,
};
use crate::topology::{Function, Topology, Trigger};

mod trigger;

/// What a function of the topology runs with.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The program, built for this machine.
    pub binary: PathBuf,
    /// Its settings.
    pub environment: BTreeMap<String, String>,
}

/// The functions of the topology.
#[derive(Debug, Clone)]
pub struct Functions {
    /// ARN by name.
    pub arns: BTreeMap<String, String>,
}

/// Deploys every function of the topology and ties it to its queue or stream. `deployments` are by function name; a
/// function whose program and settings are the same as before is left alone, with its warm processes.
pub async fn provision(
    config: &SdkConfig,
    topology: &Topology,
    deployments: &BTreeMap<String, Deployment>,
    messaging: &Messaging,
    tables: &Tables,
) -> anyhow::Result<Functions> {
    let (lambda, bucket) =
        (Client::new(config), Bucket::ensure(config).await.context("cannot make a bucket for code")?);
    let lambda = &Lambda { client: lambda, bucket };
    let binaries: BTreeSet<_> = deployments.values().map(|deployment| deployment.binary.clone()).collect();
    let packages = binaries.into_iter().map(async |binary| anyhow::Ok((binary.clone(), Package::read(binary).await?)));
    let packages: BTreeMap<_, _> = try_join_all(packages).await?.into_iter().collect();

    let all = topology.functions.iter().map(async |function| {
        let name = &function.name;
        let deployment = deployments.get(name).with_context(|| format!("nothing to deploy as function {name}"))?;
        let wanted = Wanted { function, deployment, package: &packages[&deployment.binary] };
        let arn = wanted.deploy(lambda).await.with_context(|| format!("cannot deploy {name}"))?;
        let tied = async {
            match &function.trigger {
                Trigger::Http => Ok(()), // routes of the front door invoke it
                Trigger::Queue { queue, batch_size, maximum_concurrency } => {
                    let queue = messaging.queue(queue)?;
                    trigger::queue(&lambda.client, name, &queue.arn, *batch_size, *maximum_concurrency).await
                }
                Trigger::Stream { table, batch_size } => {
                    trigger::stream(&lambda.client, name, tables.stream_arn(table)?, *batch_size).await
                }
            }
        };
        tied.await.with_context(|| format!("cannot tie {name} to what triggers it"))?;
        anyhow::Ok((name.clone(), arn))
    });
    let arns = try_join_all(all).await?.into_iter().collect();
    try_join_all(packages.values().map(|package| package.clean_up(&lambda.bucket))).await?;
    Ok(Functions { arns })
}

struct Lambda {
    client: Client,
    bucket: Bucket,
}

impl Lambda {
    async fn find(&self, name: &str) -> anyhow::Result<Option<FunctionConfiguration>> {
        match self.client.get_function().function_name(name).send().await {
            Ok(answer) => Ok(answer.configuration),
            Err(cause) if cause.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => Ok(None),
            Err(cause) => Err(cause).context("cannot look it up"),
        }
    }

    /// A function that is being changed refuses the next change.
    async fn wait_until_active(&self, name: &str) -> anyhow::Result<()> {
        const ATTEMPTS: usize = 200;
        for _ in 0..ATTEMPTS {
            let function = self.find(name).await?.context("it vanished")?;
            if function.state == Some(State::Active)
                && function.last_update_status == Some(LastUpdateStatus::Successful)
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("it does not become active")
    }
}

/// A function as it is to be.
struct Wanted<'a> {
    function: &'a Function,
    deployment: &'a Deployment,
    package: &'a Package,
}

impl Wanted<'_> {
    /// Creates or updates the function, and returns its ARN.
    async fn deploy(&self, lambda: &Lambda) -> anyhow::Result<String> {
        let arn = match lambda.find(&self.function.name).await? {
            None => self.create(lambda).await?,
            Some(existing) => {
                if existing.description.as_ref() != Some(&self.description()) {
                    self.update_code(lambda).await?;
                }
                if !self.is_configured(&existing) {
                    self.update_configuration(lambda).await?;
                }
                existing.function_arn
            }
        };
        arn.context("it got no ARN")
    }

    async fn create(&self, lambda: &Lambda) -> anyhow::Result<Option<String>> {
        let key = self.package.upload(&lambda.bucket).await?;
        let name = &self.function.name;
        let answer = lambda
            .client
            .create_function()
            .function_name(name)
            .description(self.description())
            .package_type(PackageType::Zip)
            .runtime(Runtime::Providedal2023)
            .handler("bootstrap")
            .role(format!("arn:aws:iam::000000000000:role/{name}"))
            .memory_size(self.function.memory_mb.cast_signed())
            .timeout(self.function.timeout_seconds.cast_signed())
            .environment(self.environment())
            .code(FunctionCode::builder().s3_bucket(BUCKET).s3_key(key).build())
            .send()
            .await?;
        lambda.wait_until_active(name).await?;
        Ok(answer.function_arn)
    }

    async fn update_code(&self, lambda: &Lambda) -> anyhow::Result<()> {
        let key = self.package.upload(&lambda.bucket).await?;
        let change = lambda.client.update_function_code().function_name(&self.function.name);
        change.s3_bucket(BUCKET).s3_key(key).send().await?;
        lambda.wait_until_active(&self.function.name).await
    }

    async fn update_configuration(&self, lambda: &Lambda) -> anyhow::Result<()> {
        let change = lambda.client.update_function_configuration().function_name(&self.function.name);
        change
            .description(self.description())
            .memory_size(self.function.memory_mb.cast_signed())
            .timeout(self.function.timeout_seconds.cast_signed())
            .environment(self.environment())
            .send()
            .await?;
        lambda.wait_until_active(&self.function.name).await
    }

    fn is_configured(&self, existing: &FunctionConfiguration) -> bool {
        let variables = existing.environment.as_ref().and_then(|environment| environment.variables.as_ref());
        let variables: BTreeMap<_, _> = variables.into_iter().flatten().collect();
        existing.description.as_ref() == Some(&self.description())
            && existing.memory_size == Some(self.function.memory_mb.cast_signed())
            && existing.timeout == Some(self.function.timeout_seconds.cast_signed())
            && variables.into_iter().eq(&self.deployment.environment)
    }

    /// Says which build of the program the function runs. Written after the code, so that an interrupted change is
    /// found and repeated.
    fn description(&self) -> String {
        format!("{} {}", self.function.binary, self.package.fingerprint)
    }

    fn environment(&self) -> Environment {
        Environment::builder().set_variables(Some(self.deployment.environment.clone().into_iter().collect())).build()
    }
}
