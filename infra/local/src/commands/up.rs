//! `cargo shop up`

use std::{
    fs::File,
    io::{Write, stdout},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use stack::{folder::Folder, local_env::Override, record::Record, workspace_root};

use super::{Selection, logs::read_new, terminate};
use crate::orchestration::{self, Options};

/// Build and start a stack, and run it until Ctrl-C
#[derive(Debug, Args)]
pub struct Up {
    /// Return when the stack is ready, and leave it running until `cargo shop down`
    #[arg(long)]
    detach: bool,
    /// Delete the data of earlier runs
    #[arg(long)]
    fresh: bool,
    /// Port of the public API and of the emulated AWS. The other parts use free ports above it
    #[arg(long, default_value_t = 4566, value_parser = clap::value_parser!(u16).range(1024..))]
    port: u16,
    #[command(flatten)]
    stack: Selection,
    /// The catalogue to import [default: infra/local/seed/catalogue.json]
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Build optimized programs, for measurements
    #[arg(long)]
    release: bool,
    /// Change a setting of a program, such as order.PAYMENT_DEADLINE_SECONDS=5. May be repeated
    #[arg(long = "set", value_name = "PROGRAM.NAME=VALUE")]
    overrides: Vec<Override>,
    /// Create the resources by Terraform, with IAM enforced. Deletes earlier data. Takes minutes
    #[arg(long, conflicts_with = "overrides")]
    terraform: bool,
    /// Stop when stdin is closed, for programs that start a stack
    #[arg(long, conflicts_with = "detach")]
    exit_with_stdin: bool,
    /// Marks the background copy of `up --detach`
    #[arg(long, hide = true)]
    background: bool,
}

impl Up {
    pub async fn run(self) -> Result<()> {
        let folder = self.stack.folder()?;
        if self.detach {
            return self.detach(&folder).await;
        }
        let mut signals = Signals::listen(self.exit_with_stdin, self.background)?;
        let ready = |record: &Record, took: Duration| {
            let how_to_end = if self.background { "`cargo shop down`" } else { "Ctrl-C" };
            println!("\nReady after {:.1} s. {how_to_end} stops it.\n\n{record}", took.as_secs_f64());
        };
        orchestration::run(&folder, &self.options()?, ready, async || signals.next().await).await?;
        println!("Stopped. The data are kept in {}.", folder.root().display());
        Ok(())
    }

    fn options(&self) -> Result<Options> {
        let default = || workspace_root().join("infra/local/seed/catalogue.json");
        let catalogue = self.catalogue.clone().unwrap_or_else(default);
        Ok(Options {
            fresh: self.fresh || self.terraform,
            port: self.port,
            catalogue: std::fs::canonicalize(&catalogue)
                .with_context(|| format!("no catalogue {}", catalogue.display()))?,
            release: self.release,
            overrides: self.overrides.clone(),
            terraform: self.terraform,
        })
    }

    /// Starts a copy of this program with the same arguments, and shows its output until it is ready or has failed.
    async fn detach(&self, folder: &Folder) -> Result<()> {
        if let Some(pid) = folder.running()? {
            bail!("a stack already runs on {} (pid {pid}): stop it with `cargo shop down`", folder.root().display());
        }
        std::fs::create_dir_all(folder.root())?;
        let log = folder.background_log();
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let arguments = std::env::args_os().skip(1).filter(|argument| argument != "--detach");
        let mut copy = Command::new(std::env::current_exe()?)
            .args(arguments)
            .arg("--background")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .context("cannot start the background copy")?;
        show_until_ready(&mut copy, folder, &log).await
    }
}

/// Prints the log of the background copy until the stack is ready. Fails if the copy ends before. Ctrl-C stops the
/// copy.
async fn show_until_ready(copy: &mut Child, folder: &Folder, log: &Path) -> Result<()> {
    let pid = copy.id();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut log = File::open(log)?;
    loop {
        let ended = copy.try_wait()?.is_some();
        let record = Record::read(folder).ok().flatten();
        let ready = record.is_some_and(|record| Some(record.pid) == pid && record.ready_at.is_some());
        if ready {
            tokio::time::sleep(Duration::from_millis(100)).await; // for the last lines
        }
        stdout().write_all(&read_new(&mut log)?)?;
        stdout().flush()?;
        if ended {
            bail!("the stack did not start");
        }
        if ready {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            _ = interrupt.recv() => if let Some(pid) = pid { terminate(pid).await? },
        }
    }
}

/// Requests to stop the stack.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    /// True in a background copy, which outlives its terminal.
    ignores_hang_up: bool,
    stdin_closed: Option<CancellationToken>,
}

impl Signals {
    fn listen(exit_with_stdin: bool, background: bool) -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            ignores_hang_up: background,
            stdin_closed: exit_with_stdin.then(watch_stdin),
        })
    }

    async fn next(&mut self) {
        let stdin_closed = async {
            match &self.stdin_closed {
                Some(closed) => closed.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv(), if !self.ignores_hang_up => {}
            () = stdin_closed => self.stdin_closed = None, // requests a stop only once
        }
    }
}

/// Reads stdin to its end, in a detached thread: a pending read cannot be canceled, and must not delay the exit.
fn watch_stdin() -> CancellationToken {
    let closed = CancellationToken::new();
    let notice = closed.clone();
    std::thread::spawn(move || {
        // An error also counts as the end.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        notice.cancel();
    });
    closed
}
