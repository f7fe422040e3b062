//! The emulated AWS and PostgreSQL.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use stack::{
    emulator::{self, Emulator},
    folder::Folder,
    ports::Ports,
    postgres::{self, Postgres},
    process::Child,
    python::{self, Python},
    record::{Account, Part, Record, Urls},
    topology::Topology,
};

use super::{progress::Progress, run::Running};

/// Starts the emulated AWS and PostgreSQL, and returns the Python that runs them. With `iam`, every call is
/// authorized.
pub async fn start(folder: &Folder, ports: &Ports, iam: bool, running: &Running, progress: Progress) -> Result<Python> {
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

/// Creates product's database, and returns its URL.
pub async fn create_database(running: &Running) -> Result<String> {
    let postgres = running.postgres.get().context("PostgreSQL is not running")?;
    postgres.create_database("product").await
}

/// Parts of the record of a run before its services start.
#[derive(Debug)]
pub struct NewRecord<'a> {
    pub started_at: DateTime<Utc>,
    pub ports: &'a Ports,
    /// URL of the public API.
    pub api: &'a str,
    pub database: &'a str,
    pub topology: &'a Topology,
    /// Prefix of the names of functions.
    pub prefix: &'static str,
    /// The accounts of the last run.
    pub accounts: BTreeMap<String, Account>,
}

impl NewRecord<'_> {
    /// The record.
    pub fn record(self, running: &Running) -> Record {
        let ports = self.ports;
        let aws = emulator::endpoint(ports.aws);
        let mut parts = BTreeMap::new();
        let mut add = |name: &str, child: &Child, port, health| {
            let part = Part::Process { pid: child.pid(), port: Some(port), health, log: child.log().to_owned() };
            parts.insert(name.to_owned(), part);
        };
        if let Some(emulator) = running.emulator.get() {
            add("ministack", emulator.process(), emulator.port(), Some(format!("{aws}/_ministack/health")));
        }
        if let Some(postgres) = running.postgres.get() {
            add("postgres", postgres.process(), postgres.port(), None);
        }
        for function in &self.topology.functions {
            let log_group = format!("/aws/lambda/{}{}", self.prefix, function.name);
            parts.insert(function.name.clone(), Part::Function { log_group });
        }
        let url = |port: &u16| format!("http://127.0.0.1:{port}");
        Record {
            pid: std::process::id(),
            started_at: self.started_at,
            ready_at: None,
            urls: Urls {
                public_api: self.api.to_owned(),
                mails: format!("{aws}/_ministack/ses/messages"),
                processor: url(&ports.processor),
                services: ports.services.iter().map(|(name, port)| (name.clone(), url(port))).collect(),
                database: self.database.to_owned(),
                aws: aws.clone(),
            },
            environment: emulator::environment(&aws).map(|(name, value)| (name.to_owned(), value)).into(),
            parts,
            accounts: self.accounts,
        }
    }
}
