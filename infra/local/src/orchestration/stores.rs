//! The emulated AWS and PostgreSQL.

use anyhow::{Context, Result};
use stack::{
    emulator::{self, Emulator},
    postgres::{self, Postgres},
    python::{self, Python},
};

use super::run::Run;

/// The parts that keep data.
#[derive(Debug)]
pub struct Stores {
    pub emulator: Emulator,
    pub postgres: Postgres,
}

impl Run<'_> {
    /// Starts the emulated AWS and PostgreSQL, and returns the Python that runs them. With `iam`, every call is
    /// authorized.
    pub async fn start_stores(&self, iam: bool) -> Result<Python> {
        let (folder, ports, progress) = (self.folder, self.ports, self.progress);
        let python = progress.step("Python packages", Python::ensure(&python::target_dir()?)).await?;
        let emulator = emulator::Settings {
            port: Some(ports.aws),
            data_dir: folder.emulator(),
            log: folder.log("ministack"),
            keep: true,
            iam,
        };
        let postgres = postgres::Settings {
            port: Some(ports.postgres),
            data_dir: folder.postgres(),
            log: folder.log("postgres"),
            keep: true,
        };
        let (emulator, postgres) = tokio::try_join!(
            progress.step(format!("emulated AWS on port {}", ports.aws), Emulator::start(&python, emulator)),
            progress.step(format!("PostgreSQL on port {}", ports.postgres), Postgres::start(&python, postgres)),
        )?;
        self.running.stores.set(Stores { emulator, postgres }).ok().context("the stores are already running")?;
        Ok(python)
    }

    pub fn stores(&self) -> Result<&Stores> {
        self.running.stores.get().context("the stores are not running")
    }

    /// Creates product's database, and returns its URL.
    pub async fn create_database(&self) -> Result<String> {
        self.stores()?.postgres.create_database("product").await
    }
}
