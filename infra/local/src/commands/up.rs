//! `cargo shop up`

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write, stdout},
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{Which, terminate};
use stack::{folder::Folder, local_env::Override, record::Record, workspace_root};

use crate::orchestration::{self, Options};

/// Build and start everything, and keep it running until Ctrl-C
#[derive(Debug, Args)]
pub struct Up {
    /// Return when all is ready, and leave the stack running; `cargo shop down` ends it
    #[arg(long)]
    detach: bool,
    /// Forget the data of earlier runs
    #[arg(long)]
    fresh: bool,
    /// The port of the public API and of the emulated AWS; the other parts take free ports above it
    #[arg(long, default_value_t = 4566, value_parser = clap::value_parser!(u16).range(1024..))]
    port: u16,
    #[command(flatten)]
    which: Which,
    /// The catalogue to import [default: infra/local/seed/catalogue.json]
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Optimised programs: a longer build, for measurements
    #[arg(long)]
    release: bool,
    /// Change a setting of a program, such as order.PAYMENT_DEADLINE_SECONDS=5; may be repeated
    #[arg(long = "set", value_name = "PROGRAM.NAME=VALUE")]
    overrides: Vec<Override>,
    /// As on AWS: applied by Terraform, which has to be installed, with IAM enforced. Always afresh; takes minutes
    #[arg(long, conflicts_with = "overrides")]
    terraform: bool,
    /// End when stdin is closed: for programs that start a stack and must not leave it behind
    #[arg(long, conflicts_with = "detach")]
    exit_with_stdin: bool,
    /// This is the background copy of `up --detach`
    #[arg(long, hide = true)]
    background: bool,
}

impl Up {
    /// Runs the stack, or has it run in the background.
    pub async fn run(self) -> Result<ExitCode> {
        let folder = self.which.folder()?;
        if self.detach {
            return self.detach(&folder).await;
        }
        let mut signals = Signals::listen(self.exit_with_stdin, self.background)?;
        let ready = |record: &Record, took: Duration| {
            let how_to_end = if self.background { "`cargo shop down`" } else { "Ctrl-C" };
            println!("\nReady after {:.1} s; {how_to_end} ends it.\n\n{record}", took.as_secs_f64());
        };
        orchestration::run(&folder, &self.options()?, ready, async || signals.next().await).await?;
        println!("Ended; the data are kept in {}.", folder.root().display());
        Ok(ExitCode::SUCCESS)
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
    async fn detach(&self, folder: &Folder) -> Result<ExitCode> {
        if let Some(pid) = folder.running()? {
            bail!("a stack already runs on {} (pid {pid}): end it with `cargo shop down`", folder.root().display());
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
        let ready = show_until_ready(&mut copy, folder, &log).await?;
        Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Copies the log to our output meanwhile. True when the stack is ready, false when the copy has ended. Ctrl-C ends it.
async fn show_until_ready(copy: &mut Child, folder: &Folder, log: &Path) -> Result<bool> {
    let pid = copy.id();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut log = File::open(log)?;
    let mut position = 0;
    loop {
        let ended = copy.try_wait()?.is_some();
        let record = Record::read(folder).ok().flatten();
        let ready = record.is_some_and(|record| Some(record.pid) == pid && record.ready_at.is_some());
        if ready {
            tokio::time::sleep(Duration::from_millis(100)).await; // for the last lines
        }
        let mut news = Vec::new();
        log.seek(SeekFrom::Start(position))?;
        log.read_to_end(&mut news)?;
        position += news.len() as u64;
        stdout().write_all(&news)?;
        stdout().flush()?;
        if ready || ended {
            return Ok(ready && !ended);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            _ = interrupt.recv() => if let Some(pid) = pid { terminate(pid).await? },
        }
    }
}

/// Everything that asks for the stack's end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    /// A background copy outlives the terminal that it was started from.
    survives_hang_up: bool,
    stdin_closed: Option<CancellationToken>,
}

impl Signals {
    fn listen(exit_with_stdin: bool, background: bool) -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            survives_hang_up: background,
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
            _ = self.hang_up.recv(), if !self.survives_hang_up => {}
            () = stdin_closed => self.stdin_closed = None, // it asks once
        }
    }
}

/// A thread of its own: a read of stdin cannot be given up, and must not be in the way of our end.
fn watch_stdin() -> CancellationToken {
    let closed = CancellationToken::new();
    let notice = closed.clone();
    std::thread::spawn(move || {
        // An error is an end, too.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        notice.cancel();
    });
    closed
}
