//! Child processes that do not outlive the process that started them, even if it is killed with `kill -9`.
//!
//! Every program runs below a small launcher whose stdin is a pipe from this process. When this process ends for any
//! reason, the kernel closes the pipe, and the launcher ends the program and all processes that it started.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{ChildStdin, Command},
    sync::watch,
};

use crate::python::Python;

/// Default time between the stop signal and SIGKILL.
const GRACE: Duration = Duration::from_secs(10);

/// Environment variables that children inherit. No others, so that a stack behaves the same in every shell.
const INHERITED: &[&str] = &["PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "RUST_BACKTRACE"];

/// Number of running programs.
static LIVE: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until every program has ended, including those whose start was canceled.
pub async fn all_ended() {
    // The sender is never dropped.
    let _ = LIVE.subscribe().wait_for(|count| *count == 0).await;
}

/// A program and its settings.
#[derive(Debug)]
pub struct Program {
    name: String,
    command: Vec<OsString>,
    env: Vec<(String, OsString)>,
    log: PathBuf,
    stop_signal: &'static str,
    grace: Duration,
    scratch: Option<PathBuf>,
}

impl Program {
    /// The program at `path`, called `name` in messages. Its output is appended to the file `log`.
    pub fn new(name: &str, path: impl Into<OsString>, log: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            command: vec![path.into()],
            env: Vec::new(),
            log: log.into(),
            stop_signal: "SIGTERM",
            grace: GRACE,
            scratch: None,
        }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.command.push(argument.into());
        self
    }

    /// More arguments.
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// One more environment variable. A program inherits only `PATH` and a few others.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// More environment variables.
    pub fn envs<N: Into<String>, V: Into<OsString>>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        self.env.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The signal that requests the end of this program. Default: `SIGTERM`.
    pub fn stop_signal(mut self, name: &'static str) -> Self {
        self.stop_signal = name;
        self
    }

    /// Time between the stop signal and SIGKILL. Default: 10 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// A folder that is removed after the program has ended, even if this process ends first.
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scratch = Some(folder.into());
        self
    }

    /// Starts the program. If it cannot be executed, the error contains the end of the log.
    pub async fn spawn(self, python: &Python) -> anyhow::Result<Child> {
        let log = std::fs::File::options().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("cannot write the log {}", self.log.display()))?;
        let mut launcher = Command::new(python.path());
        launcher
            .args(["-I", "-c", include_str!("process/launcher.py"), self.stop_signal])
            .arg(self.grace.as_secs_f32().to_string())
            .arg(self.scratch.unwrap_or_default())
            .args(&self.command)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // A process group of its own, so that Ctrl-C in the terminal does not reach it: this process ends its
            // children in order.
            .process_group(0);
        let mut launcher = launcher.spawn().with_context(|| format!("cannot start {}", python.path().display()))?;
        let (stdin, stdout) = (launcher.stdin.take(), launcher.stdout.take());
        let (ended, exit) = watch::channel(None);
        LIVE.send_modify(|count| *count += 1);
        tokio::spawn(async move {
            let code = launcher.wait().await.ok().and_then(|status| status.code());
            ended.send_replace(Some(code.unwrap_or(-1)));
            LIVE.send_modify(|count| *count -= 1);
        });
        let mut first_line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut first_line).await?;
        }
        let Ok(pid) = first_line.trim().parse() else {
            bail!("cannot start {}:\n{}", self.name, tail(&self.log));
        };
        Ok(Child { name: self.name, pid, log: self.log, stdin: Mutex::new(stdin), exit })
    }
}

/// A running program. Dropping it stops the program without waiting for its end.
#[derive(Debug)]
pub struct Child {
    name: String,
    pid: u32,
    log: PathBuf,
    stdin: Mutex<Option<ChildStdin>>,
    exit: watch::Receiver<Option<i32>>,
}

impl Child {
    /// Name of the program in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Process id of the program (not of the launcher), which is also its process group.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The log file.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines of the log, for messages.
    pub fn log_tail(&self) -> String {
        tail(&self.log)
    }

    /// Waits until `ready` completes. If that fails, or the program ends first, the error contains the end of its log.
    pub async fn ready(&self, ready: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
        let outcome = tokio::select! {
            code = self.exited() => Err(anyhow::anyhow!("it exited with code {code}")),
            outcome = ready => outcome,
        };
        if let Err(cause) = outcome {
            bail!("{} did not start: {cause:#}. End of its log:\n\n{}", self.name, self.log_tail());
        }
        Ok(())
    }

    /// Waits for the end of the program. Returns the exit code as a shell reports it: 128 + the signal that ended it.
    pub async fn exited(&self) -> i32 {
        let mut exit = self.exit.clone();
        let code = exit.wait_for(Option::is_some).await.ok().and_then(|code| *code);
        code.unwrap_or(-1) // the runtime has ended, and with it the pipe
    }

    /// Sends the stop signal, waits for the end, and kills the program and its children after the grace period.
    /// Returns the exit code as [`Child::exited`] does.
    pub async fn stop(&self) -> i32 {
        drop(self.stdin.lock().ok().and_then(|mut stdin| stdin.take()));
        self.exited().await
    }
}

/// The last lines of a log file; empty if it cannot be read.
pub fn tail(log: &Path) -> String {
    const LINES: usize = 30;
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
