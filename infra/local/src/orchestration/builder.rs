//! The steps of a start after the resources exist.

use std::time::Duration;

use anyhow::Result;
use aws_config::SdkConfig;
use stack::{
    build::{Binaries, SIMULATOR},
    clock,
    folder::Folder,
    local_env::Environment,
    ports::Ports,
    python::Python,
    record::{Record, StatusFile},
    topology::Topology,
};

use super::{
    progress::Progress,
    run::{Options, Running},
    seed::{Seed, operate},
    service::Service,
};

/// Limit for the API to respond, once the programs run.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// A stack that starts.
pub struct StackBuilder<'a> {
    pub folder: &'a Folder,
    pub options: &'a Options,
    pub ports: &'a Ports,
    pub running: &'a Running,
    pub progress: Progress,
    pub topology: Topology,
    pub binaries: Binaries,
    pub python: Python,
    pub status_file: StatusFile,
    pub aws: SdkConfig,
    /// URL of the public API.
    pub api: String,
}

impl StackBuilder<'_> {
    /// Starts a service of the topology.
    pub async fn start_service(&self, name: &str, environment: Environment) -> Result<()> {
        if name == "product" {
            self.prepare_product(&environment).await?;
        }
        let health = self.topology.service(name).map_or("/health/ready", |service| service.health_check.as_str());
        self.start(name, environment, self.ports.services[name], health).await
    }

    /// Starts the card processor simulator.
    pub async fn start_processor(&self, environment: Environment) -> Result<()> {
        self.start(SIMULATOR, environment, self.ports.processor, "/_simulator/health").await
    }

    async fn start(&self, name: &str, environment: Environment, port: u16, health: &str) -> Result<()> {
        let service = Service {
            name: name.to_owned(),
            program: self.binaries.path(name)?.clone(),
            environment,
            port,
            health_url: format!("http://127.0.0.1:{port}{health}"),
            log: self.folder.log(name),
            python: self.python.clone(),
            status_file: self.status_file.clone(),
        };
        let child = self.progress.step(format!("{name} on port {port}"), service.start()).await?;
        self.running.keep(service, child);
        Ok(())
    }

    /// Migrates product's database, and imports the catalogue.
    async fn prepare_product(&self, environment: &Environment) -> Result<()> {
        let program = self.binaries.path("product")?;
        self.progress.step("database migrations", operate(program, &["migrate"], environment)).await?;
        let file = self.options.catalogue.to_string_lossy();
        self.progress.step("catalogue import", operate(program, &["import", &file], environment)).await
    }

    /// Seeds the shop and marks the stack as ready.
    pub async fn finish(&self, user: Environment, inbox_url: &str) -> Result<Record> {
        let seed = Seed {
            api: &self.api,
            aws: &self.aws,
            inbox_url,
            catalogue: &self.options.catalogue,
            user: (self.binaries.path("user")?, user),
            limit: READY_LIMIT,
        };
        let accounts = seed.run(&self.status_file.read().accounts, self.progress).await?;
        self.status_file.update(|record| {
            record.accounts = accounts;
            record.ready_at = Some(clock::now());
        })?;
        Ok(self.status_file.read())
    }
}
