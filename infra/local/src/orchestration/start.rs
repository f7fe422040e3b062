//! The start of a stack on resources that this tool provisions. Independent steps run concurrently.

use anyhow::Result;
use futures::future::try_join_all;
use stack::{
    build::{self, SIMULATOR},
    provision::load_balancer::Target,
    record::Record,
};

use super::{
    builder::StackBuilder,
    provision::{Endpoints, Resources},
    run::Run,
};

/// Starts a stack, and returns when it is ready.
pub async fn start(run: Run<'_>) -> Result<Record> {
    let Run { folder, options, ports, progress, .. } = run;
    eprintln!("Starting the shop on {}.\n", folder.root().display());
    let (binaries, python) = tokio::try_join!(
        progress.step("build", build::build(run.topology, options.release)),
        run.start_stores(false),
    )?;
    let aws = format!("localhost:{}", ports.aws);
    let processor = format!("http://127.0.0.1:{}", ports.processor);
    let endpoints = Endpoints { public_aws: aws.clone(), aws, processor };
    let api = endpoints.api();
    let (resources, database) =
        tokio::try_join!(Resources::provision(endpoints, options.overrides.clone(), progress), run.create_database(),)?;
    let builder = StackBuilder::new(run, binaries, python, String::new(), api, &database)?;

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
    builder.finish(values.environment("user")?).await
}
