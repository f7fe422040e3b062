//! One run of a stack: start, wait for a signal or a failure, ordered shutdown.

use std::{
    cell::Cell,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use anyhow::{Result, bail};
use stack::{
    emulator::Emulator,
    folder::Folder,
    local_env::Override,
    ports::Ports,
    postgres::Postgres,
    process::{self, Child},
    record::Record,
    topology::Topology,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{deployed, last_run, progress::Progress, service::Service, start};

/// Options of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Forget the data of earlier runs.
    pub fresh: bool,
    /// The port of the public API and of all emulated AWS.
    pub port: u16,
    /// The catalogue that is imported.
    pub catalogue: PathBuf,
    /// Optimised programs.
    pub release: bool,
    /// Settings given by hand.
    pub overrides: Vec<Override>,
    /// As Terraform makes it, with IAM enforced.
    pub terraform: bool,
}

/// The parts that were started. Steps run concurrently, so each part has its own cell.
#[derive(Debug, Default)]
pub struct Running {
    /// The emulated AWS.
    pub emulator: OnceLock<Emulator>,
    /// product's database server.
    pub postgres: OnceLock<Postgres>,
    services: Mutex<JoinSet<()>>,
    stop: CancellationToken,
}

impl Running {
    /// Keeps a service running from now on.
    pub fn keep(&self, service: Service, child: Child) {
        let stop = self.stop.clone();
        self.services.lock().unwrap_or_else(PoisonError::into_inner).spawn(service.keep(child, stop));
    }

    /// Waits for the end of a part that the stack cannot work without, and names it.
    async fn lost(&self) -> anyhow::Error {
        let end = async |child: Option<&Child>| match child {
            Some(child) => {
                let code = child.exited().await;
                anyhow::anyhow!("{} ended with code {code}. The end of its log:\n\n{}", child.name(), child.log_tail())
            }
            None => std::future::pending().await,
        };
        tokio::select! {
            lost = end(self.emulator.get().map(Emulator::process)) => lost,
            lost = end(self.postgres.get().map(Postgres::process)) => lost,
        }
    }

    /// Ends everything: first what uses the stores, so that it can finish its work, then the stores.
    async fn stop(&self) {
        self.stop.cancel();
        let services = std::mem::take(&mut *self.services.lock().unwrap_or_else(PoisonError::into_inner));
        services.join_all().await;
        let emulator = async {
            if let Some(emulator) = self.emulator.get() {
                emulator.stop().await;
            }
        };
        let postgres = async {
            if let Some(postgres) = self.postgres.get() {
                postgres.stop().await;
            }
        };
        tokio::join!(emulator, postgres);
        process::all_ended().await;
    }
}

/// Runs a stack until `interrupt`: resolved once, it ends the stack in order; a second time, at once.
///
/// `ready` is called when everything answers. Whatever the outcome, nothing runs any more when this returns.
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
            let ports = Ports::choose(options.port, &Topology::load()?)?;
            let accounts = last_run::take_over(folder, last, options.fresh)?;
            begun.set(true);
            let record = if options.terraform {
                deployed::start(folder, options, &ports, accounts, &running, progress).await?
            } else {
                start::start(folder, options, &ports, accounts, &running, progress).await?
            };
            ready(&record, progress.total());
            Err(running.lost().await)
        } => outcome,
    };
    if begun.get() {
        eprintln!("\nEnding; once more to end at once.");
    }
    tokio::select! {
        () = running.stop() => outcome,
        () = interrupt() => bail!("ended at once: the emulated AWS may have lost what it had not saved"),
    }
}
