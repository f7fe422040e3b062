//! The steps of a start after the resources exist.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use stack::{
    build::{Binaries, SIMULATOR},
    clock, emulator,
    local_env::Environment,
    process::Child,
    python::Python,
    record::{Part, Record, StatusFile, Urls},
};

use super::{
    run::Run,
    seed::{Seed, operate},
    service::Service,
};

/// Limit for the API to respond, once the programs run.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Starts the programs of a stack, and records them in the status file.
pub struct StackBuilder<'a> {
    run: Run<'a>,
    pub binaries: Binaries,
    python: Python,
    status_file: StatusFile,
    /// Prefix of the names of all resources.
    prefix: String,
}

impl<'a> StackBuilder<'a> {
    /// Writes the status file of a stack without services. `api` and `database` are URLs.
    pub fn new(
        run: Run<'a>,
        binaries: Binaries,
        python: Python,
        prefix: String,
        api: String,
        database: &str,
    ) -> Result<Self> {
        let stores = run.stores()?;
        let aws = stores.emulator.endpoint();
        let process = |child: &Child, port, health| Part::Process {
            pid: child.pid(),
            port: Some(port),
            health,
            log: child.log().to_owned(),
        };
        let health = format!("{aws}/_ministack/health");
        let mut parts = BTreeMap::from([
            ("ministack".to_owned(), process(stores.emulator.process(), stores.emulator.port(), Some(health))),
            ("postgres".to_owned(), process(stores.postgres.process(), stores.postgres.port(), None)),
        ]);
        for function in &run.topology.functions {
            let log_group = format!("/aws/lambda/{prefix}{}", function.name);
            parts.insert(function.name.clone(), Part::Function { log_group });
        }
        let url = |port: &u16| format!("http://127.0.0.1:{port}");
        let record = Record {
            pid: std::process::id(),
            started_at: run.started_at,
            ready_at: None,
            urls: Urls {
                public_api: api,
                mails: format!("{aws}/_ministack/ses/messages"),
                processor: url(&run.ports.processor),
                services: run.ports.services.iter().map(|(name, port)| (name.clone(), url(port))).collect(),
                database: database.to_owned(),
                aws: aws.clone(),
            },
            environment: emulator::environment(&aws).map(|(name, value)| (name.to_owned(), value)).into(),
            parts,
            accounts: run.accounts.clone(),
        };
        let status_file = StatusFile::create(run.folder, record)?;
        Ok(Self { run, binaries, python, status_file, prefix })
    }

    /// Starts a service of the topology.
    pub async fn start_service(&self, name: &str, environment: Environment) -> Result<()> {
        if name == "product" {
            self.prepare_product(&environment).await?;
        }
        // Not the load balancer's health check: a service may be healthy before it is ready.
        self.start(name, environment, self.run.ports.services[name], "/health/ready").await
    }

    /// Starts the card processor simulator.
    pub async fn start_processor(&self, environment: Environment) -> Result<()> {
        self.start(SIMULATOR, environment, self.run.ports.processor, "/_simulator/health").await
    }

    async fn start(&self, name: &str, environment: Environment, port: u16, health: &str) -> Result<()> {
        let service = Service {
            name: name.to_owned(),
            program: self.binaries.path(name)?.clone(),
            environment,
            port,
            health_url: format!("http://127.0.0.1:{port}{health}"),
            log: self.run.folder.log(name),
            python: self.python.clone(),
            status_file: self.status_file.clone(),
        };
        let child = self.run.progress.step(format!("{name} on port {port}"), service.start()).await?;
        self.run.running.keep(service, child);
        Ok(())
    }

    /// Migrates product's database, and imports the catalogue.
    async fn prepare_product(&self, environment: &Environment) -> Result<()> {
        let (program, progress) = (self.binaries.path("product")?, self.run.progress);
        progress.step("database migrations", operate(program, &["migrate"], environment)).await?;
        let file = self.run.options.catalogue.to_string_lossy();
        progress.step("catalogue import", operate(program, &["import", &file], environment)).await
    }

    /// Seeds the shop and marks the stack as ready. `user` is the environment of the program `user`.
    pub async fn finish(&self, user: Environment) -> Result<Record> {
        let urls = self.status_file.read().urls;
        let seed = Seed {
            api: &urls.public_api,
            aws: &urls.aws,
            prefix: &self.prefix,
            catalogue: &self.run.options.catalogue,
            user: (self.binaries.path("user")?, user),
            limit: READY_LIMIT,
        };
        let accounts = seed.run(self.run.accounts, self.run.progress).await?;
        self.status_file.update(|record| {
            record.accounts = accounts;
            record.ready_at = Some(clock::now());
        })?;
        Ok(self.status_file.read())
    }
}
