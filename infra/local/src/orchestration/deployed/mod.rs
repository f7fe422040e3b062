//! The start of a stack on resources that Terraform creates in the emulated AWS, with IAM enforced: every program runs
//! with the settings and under the role of its root module.
//!
//! - `bring_up`: the root modules, in the order that a new account needs
//! - `task`: task definitions of ECS, run as processes

mod bring_up;
mod task;

use anyhow::{Context, Result};
use bring_up::BringUp;
use futures::future::try_join_all;
use stack::{
    aws_api::AwsApi,
    build, emulator,
    local_env::{Environment, PROCESSOR_KEY},
    provision::load_balancer,
    python,
    record::Record,
    terraform::Terraform,
    units, workspace_root,
};

use super::{builder::StackBuilder, run::Run};

const NO_TERRAFORM: &str =
    "`up --terraform` applies infra/terraform: install Terraform 1.11 or newer, and have it on the PATH";

/// Starts a stack in an empty account, and returns when it is ready.
pub async fn start(run: Run<'_>) -> Result<Record> {
    let Run { folder, options, topology, ports, progress, .. } = run;
    let terraform = Terraform::find(&python::target_dir()?).context(NO_TERRAFORM)?;
    eprintln!("Starting the shop on {}, with Terraform.\n", folder.root().display());

    let endpoint = emulator::endpoint(ports.aws);
    let root = AwsApi::new(&endpoint)?;
    let units = units::Units::new(terraform, &workspace_root(), folder.terraform(), &endpoint);
    let account = BringUp { units, root: root.clone(), topology, progress };
    let foundations = async {
        let python = run.start_stores(true).await?;
        Ok((python, account.foundation().await?))
    };
    let (binaries, (python, zone)) =
        tokio::try_join!(progress.step("build", build::build(topology, options.release)), foundations)?;
    let database = run.create_database().await?;
    let processor = format!("http://127.0.0.1:{}", ports.processor);
    account.rest(&binaries, &zone, &processor).await?;
    account.secrets(&emulator::sdk_config(&endpoint), &database).await?;

    let api = bring_up::parameter(&root, "http_api_url").await?;
    let builder = StackBuilder::new(run, binaries, python, units::name(""), api, &database)?;
    let services = try_join_all(ports.services.iter().map(async |(name, port)| {
        let environment = task::environment(&root, &endpoint, name, *port).await?;
        builder.start_service(name, environment).await?;
        load_balancer::register(&root, &format!("{}-blue", units::name(name)), *port).await
    }));
    tokio::try_join!(services, builder.start_processor(processor_environment(&run)))?;
    builder.finish(task::function_environment(&root, &endpoint, "user").await?).await
}

fn processor_environment(run: &Run<'_>) -> Environment {
    [
        ("LISTEN_ADDR", format!("127.0.0.1:{}", run.ports.processor)),
        ("STRIPE_SECRET_KEY", PROCESSOR_KEY.to_owned()),
        ("JOURNAL", run.folder.root().join("psp-simulator.journal").to_string_lossy().into_owned()),
        ("RUST_LOG", "info".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
