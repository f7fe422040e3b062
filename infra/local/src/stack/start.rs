//! The steps from nothing to ready. What does not need each other goes on side by side.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use shop::{
    emulator::{self, Emulator},
    postgres::{self, Postgres},
    process::{Child, Program},
    provision::{
        front_door, functions, keys,
        load_balancer::Target,
        mail, messaging,
        tables::{self, Tables},
    },
    python::{self, Python},
    topology::Topology,
};

use super::{
    Account, Board, Folder, Options, Part, Record, Urls, accounts,
    build::{self, Binaries},
    ports::Ports,
    progress::Progress,
    ready, replica,
    run::Running,
    service::Service,
    settings::{Addresses, Environment, FunctionSettings, MAIL_ADDRESS, Settings},
};
use crate::clock;

/// How long the shop may take to answer through the front door, once its programs run.
const READY_LIMIT: Duration = Duration::from_secs(60);

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
        start_stores(folder, ports, running, progress),
    )?;
    let aws = emulator::sdk_config(&emulator::endpoint(ports.aws));
    let (messaging, signing_key, database) = tokio::try_join!(
        progress.step("topics and queues", messaging::provision(&aws, &topology)),
        keys::signing_key(&aws),
        create_database(running),
    )?;
    let journal = folder.root().join("psp-simulator.journal");
    let functions =
        FunctionSettings { addresses: addresses(ports), messaging, signing_key, overrides: &options.overrides };
    let settings = Settings { ports, functions, database, journal };
    let board = Board::publish(folder, record(started_at, &settings, &topology, running, accounts))?;
    let site = Site { folder, topology, aws, running, progress, binaries, python, board, settings };

    tokio::try_join!(site.start_product(options), site.start_order_and_functions(), site.start_processor())?;
    progress.step("the shop answers at its front door", site.answers()).await?;
    progress.step("local accounts", site.ensure_accounts()).await?;
    progress.step("order knows the catalogue", site.replica_is_filled(options)).await?;
    site.board.update(|record| record.ready_at = Some(clock::now()))?;
    Ok(site.board.read())
}

/// The emulated AWS and PostgreSQL, and the Python that both come with.
async fn start_stores(folder: &Folder, ports: Ports, running: &Running, progress: Progress) -> Result<Python> {
    let python = progress.step("Python packages", Python::ensure(&python::target_dir()?)).await?;
    let emulator = async {
        let settings = emulator::Settings {
            port: Some(ports.aws),
            data_dir: folder.emulator(),
            log: folder.log("ministack"),
            keep: true,
        };
        let emulator = Emulator::start(&python, settings).await?;
        let _ = running.emulator.set(emulator);
        Ok(())
    };
    let postgres = async {
        let settings = postgres::Settings {
            port: Some(ports.postgres),
            data_dir: folder.postgres(),
            log: folder.log("postgres"),
            keep: true,
        };
        let postgres = Postgres::start(&python, settings).await?;
        let _ = running.postgres.set(postgres);
        Ok(())
    };
    tokio::try_join!(
        progress.step(format!("emulated AWS on port {}", ports.aws), emulator),
        progress.step(format!("PostgreSQL on port {}", ports.postgres), postgres),
    )?;
    Ok(python)
}

async fn create_database(running: &Running) -> Result<String> {
    let postgres = running.postgres.get().context("PostgreSQL does not run")?;
    postgres.create_database("product").await
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

/// All that is known before the services start.
fn record(
    started_at: DateTime<Utc>,
    settings: &Settings<'_>,
    topology: &Topology,
    running: &Running,
    accounts: BTreeMap<String, Account>,
) -> Record {
    let aws = emulator::endpoint(settings.ports.aws);
    let store = |child: &Child, port, health| Part::Process {
        pid: child.pid(),
        port: Some(port),
        health,
        log: child.log().to_owned(),
    };
    let health = Some(format!("{aws}/_ministack/health"));
    let emulator = running.emulator.get().map(|part| ("ministack", store(part.process(), part.port(), health)));
    let postgres = running.postgres.get().map(|part| ("postgres", store(part.process(), part.port(), None)));
    let stores = [emulator, postgres].into_iter().flatten().map(|(name, part)| (name.to_owned(), part));
    let functions = topology.functions.iter().map(|function| {
        let log_group = format!("/aws/lambda/{}", function.name);
        (function.name.clone(), Part::Function { log_group })
    });
    Record {
        pid: std::process::id(),
        started_at,
        ready_at: None,
        urls: Urls {
            front_door: settings.functions.addresses.front_door.clone(),
            mails: format!("{aws}/_ministack/ses/messages"),
            processor: settings.functions.addresses.processor.clone(),
            product: format!("http://127.0.0.1:{}", settings.ports.product),
            order: format!("http://127.0.0.1:{}", settings.ports.order),
            database: settings.database.clone(),
            aws: aws.clone(),
        },
        environment: emulator::environment(&aws).into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        parts: stores.chain(functions).collect(),
        accounts,
    }
}

/// A stack under construction: its stores run, its places are known.
struct Site<'a> {
    folder: &'a Folder,
    topology: Topology,
    aws: SdkConfig,
    running: &'a Running,
    progress: Progress,
    binaries: Binaries,
    python: Python,
    board: Board,
    settings: Settings<'a>,
}

impl Site<'_> {
    /// product, with its tables and the catalogue.
    async fn start_product(&self, options: &Options) -> Result<()> {
        let environment = self.settings.product()?;
        let migrate = self.operate("product", &["migrate"], environment.clone());
        self.progress.step("tables of product's database", migrate).await?;
        let file = options.catalogue.to_string_lossy();
        let arguments = ["import", &file];
        let import = self.operate("product", &arguments, environment.clone());
        self.progress.step("catalogue", import).await?;
        self.start("product", environment, self.settings.ports.product, "/health/ready").await
    }

    async fn start_order_and_functions(&self) -> Result<()> {
        let tables = self.progress.step("DynamoDB tables", tables::provision(&self.aws, &self.topology)).await?;
        let environment = self.settings.order()?;
        let order = self.start("order", environment, self.settings.ports.order, "/health/ready");
        let deploy = self.progress.step("functions and front door", self.deploy(&tables));
        tokio::try_join!(order, deploy)?;
        Ok(())
    }

    async fn deploy(&self, tables: &Tables) -> Result<()> {
        mail::sender(&self.aws, MAIL_ADDRESS).await?;
        let Settings { ports, functions, .. } = &self.settings;
        let program = |name: &str| self.binaries.path(name).cloned();
        let deployments = functions.deployments(&self.topology, program)?;
        let functions =
            functions::provision(&self.aws, &self.topology, &deployments, &functions.messaging, tables).await?;
        let targets = [("product", ports.product), ("order", ports.order)];
        let targets = targets.map(|(name, port)| (name.to_owned(), Target::local(port))).into();
        front_door::provision(&self.aws, &self.topology, &functions, &gateway(*ports), &targets).await?;
        Ok(())
    }

    async fn start_processor(&self) -> Result<()> {
        let ports = &self.settings.ports;
        self.start("psp-simulator", self.settings.processor(), ports.processor, "/_simulator/health").await
    }

    /// Starts a program of ours that is kept running.
    async fn start(&self, name: &'static str, environment: Environment, port: u16, health: &'static str) -> Result<()> {
        let service = Service {
            name,
            program: self.binaries.path(name)?.clone(),
            environment,
            port,
            health,
            log: self.folder.log(name),
            python: self.python.clone(),
            board: self.board.clone(),
        };
        let child = self.progress.step(format!("{name} on port {port}"), service.start()).await?;
        self.running.keep(service, child);
        Ok(())
    }

    /// Runs an operator's command of a program to its end.
    async fn operate(&self, program: &'static str, arguments: &[&str], environment: Environment) -> Result<()> {
        let mut command = Program::new(program, self.binaries.path(program)?, self.folder.log("operator"));
        for argument in arguments {
            command = command.arg(*argument);
        }
        let child = command.envs(environment).spawn(&self.python).await?;
        match child.exited().await {
            0 => Ok(()),
            code => bail!(
                "`{program} {}` ended with code {code}. The end of its log:\n\n{}",
                arguments.join(" "),
                child.log_tail()
            ),
        }
    }

    /// Waits until the front door leads to every service.
    async fn answers(&self) -> Result<()> {
        ready::front_door(self.front_door(), READY_LIMIT).await
    }

    fn front_door(&self) -> &str {
        &self.settings.functions.addresses.front_door
    }

    /// Makes the local accounts, or finds that those of the last run still sign in.
    async fn ensure_accounts(&self) -> Result<()> {
        let known = self.board.read().accounts;
        let grant = async |account: &Account| {
            let scopes = account.scopes.join(",");
            let arguments = ["grant", "--email", &account.email, "--scopes", &scopes];
            self.operate("user", &arguments, self.settings.functions.user()).await
        };
        let accounts = accounts::ensure_accounts(self.front_door(), &known, grant).await?;
        self.board.update(|record| record.accounts = accounts)
    }

    async fn replica_is_filled(&self, options: &Options) -> Result<()> {
        let accounts = self.board.read().accounts;
        let staff = accounts.get("staff").context("there is no account `staff`")?;
        let (sqs, inbox) =
            (aws_sdk_sqs::Client::new(&self.aws), self.settings.functions.messaging.queue_url("order-inbox")?);
        replica::filled(self.front_door(), staff, &options.catalogue, &sqs, inbox).await
    }
}
