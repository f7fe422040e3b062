//! The shop as Terraform makes it, on the emulated AWS with IAM enforced: every unit is applied, and every program runs
//! with the settings and under the role that its unit gave it.
//!
//! - `bring_up`: the units, in the order that an account's first time wants
//! - `artifacts`: the functions' zips
//! - `task`: what ECS would start, as processes

mod artifacts;
mod bring_up;
mod task;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bring_up::BringUp;
use stack::{aws_api::AwsApi, emulator, provision::load_balancer, python, terraform::Terraform, topology::Topology, units};

use super::{
    Account, Board, Folder, Options, Record, build,
    construction::Construction,
    ports::Ports,
    progress::Progress,
    run::Running,
    settings::{Environment, PROCESSOR_KEY},
    stores::{self, Known},
    workspace_root,
};
use stack::clock;

/// What stands before the names of all that Terraform makes.
const PREFIX: &str = "shop-dev-";

/// Starts everything, and returns when all of it answers. It begins with an empty account: `accounts` are of none.
pub async fn start(
    folder: &Folder,
    options: &Options,
    ports: Ports,
    accounts: BTreeMap<String, Account>,
    running: &Running,
    progress: Progress,
) -> Result<Record> {
    let started_at = clock::now();
    let topology = Topology::load()?;
    let terraform = Terraform::find(&python::target_dir()?).context(NO_TERRAFORM)?;
    eprintln!("Starting the shop on {}, as Terraform makes it.\n", folder.root().display());

    let endpoint = emulator::endpoint(ports.aws);
    let (aws, root) = (emulator::sdk_config(&endpoint), AwsApi::new(&endpoint)?);
    let units = units::Units::new(terraform, &workspace_root(), folder.terraform(), &endpoint);
    let account = BringUp { units, aws, root, progress };
    let foundations = async {
        let python = stores::start(folder, ports, true, running, progress).await?;
        Ok((python, account.foundation().await?))
    };
    let (binaries, (python, zone)) =
        tokio::try_join!(progress.step("build", build::build(options.release)), foundations)?;
    let database = stores::create_database(running).await?;
    let values = bring_up::Values {
        zone: &zone,
        processor: &format!("http://127.0.0.1:{}", ports.processor),
        processor_key: PROCESSOR_KEY,
        database: &database,
    };
    account.rest(&binaries, values).await?;
    let BringUp { aws, root, .. } = account;

    let front_door = bring_up::parameter(&root, "http_api_url").await?;
    let known = Known {
        started_at,
        ports,
        front_door: front_door.clone(),
        database,
        topology: &topology,
        prefix: PREFIX,
        accounts,
    };
    let board = Board::publish(folder, known.record(running))?;
    let site = Construction { folder, running, progress, binaries, python, board, aws, front_door };

    let product = async {
        let environment = task::environment(&root, &endpoint, "product", ports.product).await?;
        site.start_product(environment, ports.product, options).await?;
        load_balancer::register(&root, &target_group("product"), ports.product).await
    };
    let order = async {
        let environment = task::environment(&root, &endpoint, "order", ports.order).await?;
        site.start_order(environment, ports.order).await?;
        load_balancer::register(&root, &target_group("order"), ports.order).await
    };
    tokio::try_join!(product, order, site.start_processor(processor_settings(folder, ports), ports.processor))?;
    let user = task::function_environment(&root, &endpoint, "user").await?;
    let inbox = format!("{endpoint}/000000000000/{}", units::name("order-inbox"));
    site.finish(user, &inbox, options).await?;
    site.board.update(|record| record.ready_at = Some(clock::now()))?;
    Ok(site.board.read())
}

/// Why there is no such stack on this machine.
const NO_TERRAFORM: &str =
    "`up --terraform` applies infra/terraform: install Terraform 1.11 or newer, and have it on the PATH";

/// The target group that the unit of a service creates for its tasks.
fn target_group(service: &str) -> String {
    format!("{}-blue", units::name(service))
}

fn processor_settings(folder: &Folder, ports: Ports) -> Environment {
    [
        ("LISTEN_ADDR", format!("127.0.0.1:{}", ports.processor)),
        ("STRIPE_SECRET_KEY", PROCESSOR_KEY.to_owned()),
        ("JOURNAL", folder.root().join("psp-simulator.journal").to_string_lossy().into_owned()),
        ("RUST_LOG", "info".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
