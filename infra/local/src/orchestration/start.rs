//! The steps from nothing to ready. What does not need each other goes on side by side.

use std::collections::BTreeMap;

use anyhow::Result;
use stack::{
    emulator,
    provision::{
        front_door, functions, keys,
        load_balancer::Target,
        mail, messaging, secrets,
        tables::{self, Tables},
    },
    topology::Topology,
};

use super::{
    Account, Board, Folder, Options, Record, build,
    construction::Construction,
    ports::Ports,
    progress::Progress,
    run::Running,
    settings::{Addresses, FunctionSettings, MAIL_ADDRESS, PROCESSOR_KEY, Settings},
    stores::{self, Known},
};
use stack::clock;

/// Starts everything, and returns when all of it answers.
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
    eprintln!("Starting the shop on {}.\n", folder.root().display());

    let (binaries, python) = tokio::try_join!(
        progress.step("build", build::build(options.release)),
        stores::start(folder, ports, false, running, progress),
    )?;
    let aws = emulator::sdk_config(&emulator::endpoint(ports.aws));
    let (messaging, signing_key, processor_key_arn, database) = tokio::try_join!(
        progress.step("topics and queues", messaging::provision(&aws, &topology)),
        keys::signing_key(&aws),
        secrets::secret(&aws, secrets::PROCESSOR_KEY, PROCESSOR_KEY),
        stores::create_database(running),
    )?;
    let journal = folder.root().join("psp-simulator.journal");
    let (addresses, overrides) = (addresses(ports), &options.overrides);
    let functions = FunctionSettings { addresses, messaging, signing_key, processor_key_arn, overrides };
    let front_door = functions.addresses.front_door.clone();
    let known = Known {
        started_at,
        ports,
        front_door: front_door.clone(),
        database: database.clone(),
        topology: &topology,
        prefix: "",
        accounts,
    };
    let board = Board::publish(folder, known.record(running))?;
    let settings = Settings { ports, functions, database, journal };
    let construction = Construction { folder, running, progress, binaries, python, board, aws, front_door };
    let site = Site { construction, topology, settings };

    tokio::try_join!(
        site.construction.start_product(site.settings.product()?, ports.product, options),
        site.start_order_and_functions(),
        site.construction.start_processor(site.settings.processor(), ports.processor),
    )?;
    let Settings { functions, .. } = &site.settings;
    site.construction.finish(functions.user(), functions.messaging.queue_url("order-inbox")?, options).await?;
    let board = &site.construction.board;
    board.update(|record| record.ready_at = Some(clock::now()))?;
    Ok(board.read())
}

/// Everything is on this machine, also for customers.
fn addresses(ports: Ports) -> Addresses {
    let front_door = front_door::url(&gateway(ports));
    Addresses {
        aws: emulator::endpoint(ports.aws),
        storefront: front_door.clone(),
        front_door,
        processor: format!("http://127.0.0.1:{}", ports.processor),
    }
}

/// The emulated AWS by the name of its machine, which the front door's URL has, too.
fn gateway(ports: Ports) -> String {
    format!("localhost:{}", ports.aws)
}

/// A stack that this tool provisions by itself.
struct Site<'a> {
    construction: Construction<'a>,
    topology: Topology,
    settings: Settings<'a>,
}

impl Site<'_> {
    async fn start_order_and_functions(&self) -> Result<()> {
        let Construction { progress, aws, .. } = &self.construction;
        let tables = progress.step("DynamoDB tables", tables::provision(aws, &self.topology)).await?;
        let order = self.construction.start_order(self.settings.order()?, self.settings.ports.order);
        let deploy = progress.step("functions and front door", self.deploy(&tables));
        tokio::try_join!(order, deploy)?;
        Ok(())
    }

    async fn deploy(&self, tables: &Tables) -> Result<()> {
        let aws = &self.construction.aws;
        mail::sender(aws, MAIL_ADDRESS).await?;
        let Settings { ports, functions, .. } = &self.settings;
        let program = |name: &str| self.construction.binaries.path(name).cloned();
        let deployments = functions.deployments(&self.topology, program)?;
        let functions = functions::provision(aws, &self.topology, &deployments, &functions.messaging, tables).await?;
        let targets = [("product", ports.product), ("order", ports.order)];
        let targets = targets.map(|(name, port)| (name.to_owned(), Target::local(port))).into();
        front_door::provision(aws, &self.topology, &functions, &gateway(*ports), &targets).await?;
        Ok(())
    }
}
