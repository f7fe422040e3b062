//! The start of a stack on resources that Terraform creates in the emulated AWS, with IAM enforced: every program runs
//! with the settings and under the role of its root module.
//!
//! - `bring_up`: the root modules, in the order that a new account needs
//! - `task`: task definitions of ECS, run as processes

mod bring_up;
mod task;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bring_up::BringUp;
use futures::future::try_join_all;
use stack::{
    aws_api::AwsApi,
    build, clock, emulator,
    folder::Folder,
    local_env::{Environment, PROCESSOR_KEY},
    ports::Ports,
    provision::load_balancer,
    python,
    record::{Account, Record, StatusFile},
    terraform::Terraform,
    topology::Topology,
    units, workspace_root,
};

use super::{
    builder::StackBuilder,
    progress::Progress,
    run::{Options, Running},
    stores::{self, NewRecord},
};

/// Prefix of the names of all resources.
const PREFIX: &str = "shop-dev-";

const NO_TERRAFORM: &str =
    "`up --terraform` applies infra/terraform: install Terraform 1.11 or newer, and have it on the PATH";

/// Starts a stack in an empty account, and returns when it is ready.
pub async fn start(
    folder: &Folder,
    options: &Options,
    ports: &Ports,
    accounts: BTreeMap<String, Account>,
    running: &Running,
    progress: Progress,
) -> Result<Record> {
    let started_at = clock::now();
    let topology = Topology::load()?;
    let terraform = Terraform::find(&python::target_dir()?).context(NO_TERRAFORM)?;
    eprintln!("Starting the shop on {}, with Terraform.\n", folder.root().display());

    let endpoint = emulator::endpoint(ports.aws);
    let (aws, root) = (emulator::sdk_config(&endpoint), AwsApi::new(&endpoint)?);
    let units = units::Units::new(terraform, &workspace_root(), folder.terraform(), &endpoint);
    let account = BringUp { units, aws: aws.clone(), root: root.clone(), topology: &topology, progress };
    let foundations = async {
        let python = stores::start(folder, ports, true, running, progress).await?;
        Ok((python, account.foundation().await?))
    };
    let (binaries, (python, zone)) =
        tokio::try_join!(progress.step("build", build::build(&topology, options.release)), foundations)?;
    let database = stores::create_database(running).await?;
    let values = bring_up::Values {
        zone: &zone,
        processor: &format!("http://127.0.0.1:{}", ports.processor),
        processor_key: PROCESSOR_KEY,
        database: &database,
    };
    account.rest(&binaries, values).await?;

    let api = bring_up::parameter(&root, "http_api_url").await?;
    let new =
        NewRecord { started_at, ports, api: &api, database: &database, topology: &topology, prefix: PREFIX, accounts };
    let status_file = StatusFile::create(folder, new.record(running))?;
    let builder =
        StackBuilder { folder, options, ports, running, progress, topology, binaries, python, status_file, aws, api };

    let services = try_join_all(ports.services.iter().map(async |(name, port)| {
        let environment = task::environment(&root, &endpoint, name, *port).await?;
        builder.start_service(name, environment).await?;
        load_balancer::register(&root, &format!("{}-blue", units::name(name)), *port).await
    }));
    tokio::try_join!(services, builder.start_processor(processor_environment(folder, ports)))?;
    let user = task::function_environment(&root, &endpoint, "user").await?;
    let inbox_url = format!("{endpoint}/000000000000/{}", units::name("order-inbox"));
    builder.finish(user, &inbox_url).await
}

fn processor_environment(folder: &Folder, ports: &Ports) -> Environment {
    [
        ("LISTEN_ADDR", format!("127.0.0.1:{}", ports.processor)),
        ("STRIPE_SECRET_KEY", PROCESSOR_KEY.to_owned()),
        ("JOURNAL", folder.root().join("psp-simulator.journal").to_string_lossy().into_owned()),
        ("RUST_LOG", "info".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
