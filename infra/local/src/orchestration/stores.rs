//! The stores of a stack, and what is known of it once they run.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use stack::{
    emulator::{self, Emulator},
    postgres::{self, Postgres},
    process::Child,
    python::{self, Python},
    topology::Topology,
};

use super::{Account, Folder, Part, Record, Urls, ports::Ports, progress::Progress, run::Running};

/// Starts the emulated AWS and PostgreSQL, and returns the Python that both come with. With `iam`, each call needs
/// permission.
pub async fn start(folder: &Folder, ports: Ports, iam: bool, running: &Running, progress: Progress) -> Result<Python> {
    let python = progress.step("Python packages", Python::ensure(&python::target_dir()?)).await?;
    let emulator = async {
        let settings = emulator::Settings {
            port: Some(ports.aws),
            data_dir: folder.emulator(),
            log: folder.log("ministack"),
            keep: true,
            iam,
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

/// product's database; its URL.
pub async fn create_database(running: &Running) -> Result<String> {
    let postgres = running.postgres.get().context("PostgreSQL does not run")?;
    postgres.create_database("product").await
}

/// What the record of a run is made of, before its services start.
#[derive(Debug)]
pub struct Known<'a> {
    /// When the run began.
    pub started_at: DateTime<Utc>,
    /// Where everything listens.
    pub ports: Ports,
    /// The shop's HTTP API.
    pub front_door: String,
    /// product's database.
    pub database: String,
    /// What runs beside the services.
    pub topology: &'a Topology,
    /// What stands before the names of functions.
    pub prefix: &'static str,
    /// The accounts of the last run.
    pub accounts: BTreeMap<String, Account>,
}

impl Known<'_> {
    /// The record.
    pub fn record(self, running: &Running) -> Record {
        let Known { started_at, ports, front_door, database, topology, prefix, accounts } = self;
        let aws = emulator::endpoint(ports.aws);
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
            let log_group = format!("/aws/lambda/{prefix}{}", function.name);
            (function.name.clone(), Part::Function { log_group })
        });
        let environment = emulator::environment(&aws).into_iter().map(|(name, value)| (name.to_owned(), value));
        Record {
            pid: std::process::id(),
            started_at,
            ready_at: None,
            urls: Urls {
                front_door,
                mails: format!("{aws}/_ministack/ses/messages"),
                processor: format!("http://127.0.0.1:{}", ports.processor),
                product: format!("http://127.0.0.1:{}", ports.product),
                order: format!("http://127.0.0.1:{}", ports.order),
                database,
                aws,
            },
            environment: environment.collect(),
            parts: stores.chain(functions).collect(),
            accounts,
        }
    }
}
