//! The start of a stack on resources that this tool provisions. Independent steps run concurrently.

use std::collections::BTreeMap;

use anyhow::Result;
use futures::future::try_join_all;
use stack::{
    build::{self, SIMULATOR},
    clock,
    folder::Folder,
    ports::Ports,
    provision::load_balancer::Target,
    record::{Account, Record, StatusFile},
    topology::Topology,
};

use super::{
    builder::StackBuilder,
    progress::Progress,
    provision::{Resources, Site},
    run::{Options, Running},
    stores::{self, NewRecord},
};

/// Starts a stack, and returns when it is ready.
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
    eprintln!("Starting the shop on {}.\n", folder.root().display());

    let (binaries, python) = tokio::try_join!(
        progress.step("build", build::build(&topology, options.release)),
        stores::start(folder, ports, false, running, progress),
    )?;
    let address = format!("localhost:{}", ports.aws);
    let site =
        Site { aws: address.clone(), public_aws: address, processor: format!("http://127.0.0.1:{}", ports.processor) };
    let api = site.api();
    let (resources, database) = tokio::try_join!(
        Resources::provision(site, options.overrides.clone(), progress),
        stores::create_database(running),
    )?;
    let new =
        NewRecord { started_at, ports, api: &api, database: &database, topology: &topology, prefix: "", accounts };
    let status_file = StatusFile::create(folder, new.record(running))?;
    let aws = resources.aws.clone();
    let builder =
        StackBuilder { folder, options, ports, running, progress, topology, binaries, python, status_file, aws, api };

    let values = resources.values.with("database_url", database).with("data_dir", folder.root().to_string_lossy());
    let services = try_join_all(ports.services.iter().map(async |(name, port)| {
        let values = values.with("listen_addr", format!("127.0.0.1:{port}"));
        builder.start_service(name, values.environment(name)?).await
    }));
    let processor = async {
        let values = values.with("listen_addr", format!("127.0.0.1:{}", ports.processor));
        builder.start_processor(values.environment(SIMULATOR)?).await
    };
    let targets = ports.services.iter().map(|(name, port)| (name.clone(), Target::local(*port))).collect();
    let deploy = resources.deploy(|name| builder.binaries.path(name).cloned(), &targets);
    tokio::try_join!(services, processor, progress.step("functions and API", deploy))?;
    builder.finish(values.environment("user")?, &resources.messaging.queue("order-inbox")?.url).await
}
