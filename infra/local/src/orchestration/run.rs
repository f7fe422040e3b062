//! One run of a stack: start, wait for a signal or a failure, ordered shutdown.

use std::{
    cell::Cell,
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use anyhow::{Result, anyhow, bail};
use chrono::{DateTime, Utc};
use stack::{
    clock,
    folder::Folder,
    local_env::Override,
    ports::Ports,
    process::{self, Child},
    record::{Account, Record},
    topology::Topology,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{deployed, last_run, progress::Progress, service::Service, start, stores::Stores};

/// Options of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Deletes the data of earlier runs.
    pub fresh: bool,
    /// Port of the public API and of the emulated AWS.
    pub port: u16,
    /// The catalogue to import.
    pub catalogue: PathBuf,
    /// Optimized programs.
    pub release: bool,
    /// Changed settings.
    pub overrides: Vec<Override>,
    /// Resources created by Terraform, with IAM enforced.
    pub terraform: bool,
}

/// Inputs of a start, and the parts that it has started.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    pub folder: &'a Folder,
    pub options: &'a Options,
    pub started_at: DateTime<Utc>,
    pub topology: &'a Topology,
    pub ports: &'a Ports,
    /// The accounts of the last run.
    pub accounts: &'a BTreeMap<String, Account>,
    pub running: &'a Running,
    pub progress: Progress,
}

/// The running parts of a stack.
#[derive(Debug, Default)]
pub struct Running {
    pub stores: OnceLock<Stores>,
    services: Mutex<JoinSet<()>>,
    stop: CancellationToken,
}

impl Running {
    /// Keeps a service running from now on.
    pub fn keep(&self, service: Service, child: Child) {
        let stop = self.stop.clone();
        self.services.lock().unwrap_or_else(PoisonError::into_inner).spawn(service.keep(child, stop));
    }

    /// Waits until one of the stores has ended. Returns the error.
    async fn lost(&self) -> anyhow::Error {
        let Some(stores) = self.stores.get() else { return anyhow!("the stores were not started") };
        let (emulator, postgres) = (stores.emulator.process(), stores.postgres.process());
        let (child, code) = tokio::select! {
            code = emulator.exited() => (emulator, code),
            code = postgres.exited() => (postgres, code),
        };
        anyhow!("{} ended with code {code}. End of its log:\n\n{}", child.name(), child.log_tail())
    }

    /// Stops the services first, so that they can finish their work, then the stores.
    async fn stop(self) {
        self.stop.cancel();
        self.services.into_inner().unwrap_or_else(PoisonError::into_inner).join_all().await;
        drop(self.stores);
        process::all_ended().await;
    }
}

/// Runs a stack until `interrupt` returns. When it returns a second time, the shutdown is cut short.
///
/// `ready` is called when every part responds. No process is left behind, whatever the outcome.
pub async fn run(
    folder: &Folder,
    options: &Options,
    ready: impl FnOnce(&Record, Duration),
    mut interrupt: impl AsyncFnMut(),
) -> Result<()> {
    let _lock = folder.lock()?;
    let progress = Progress::start();
    let running = Running::default();
    let begun = Cell::new(false);
    let outcome = tokio::select! {
        () = interrupt() => Ok(()),
        outcome = async {
            let last = last_run::ended(folder, options.fresh).await?;
            let topology = &Topology::load()?;
            let ports = &Ports::choose(options.port, topology)?;
            let accounts = &last_run::take_over(folder, last, options.fresh)?;
            begun.set(true);
            let started_at = clock::now();
            let run = Run { folder, options, started_at, topology, ports, accounts, running: &running, progress };
            let record = if options.terraform { deployed::start(run).await? } else { start::start(run).await? };
            ready(&record, progress.total());
            Err(running.lost().await)
        } => outcome,
    };
    if begun.get() {
        eprintln!("\nStopping. Ctrl-C again stops at once.");
    }
    tokio::select! {
        () = running.stop() => outcome,
        () = interrupt() => bail!("stopped at once: the emulated AWS may have lost unsaved state"),
    }
}
