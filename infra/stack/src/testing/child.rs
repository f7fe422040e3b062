use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{Aws, eventually};
use crate::emulator;

/// Limit for a log line to appear.
const LIMIT: Duration = Duration::from_secs(30);

/// A service as a child process, with its log. Dropping it kills the process.
pub struct ServiceProcess {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
}

impl ServiceProcess {
    /// Starts `program`, which is `env!("CARGO_BIN_EXE_<name>")`, on a free port.
    pub fn start(
        program: impl AsRef<Path>,
        aws: &Aws,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
        environment: &[(&str, &str)],
    ) -> Self {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned());
        let mut child = Command::new(program.as_ref())
            .args(arguments)
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .envs(emulator::environment(aws.endpoint()))
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let log = Arc::<Mutex<Vec<Value>>>::default();
        tokio::spawn({
            let log = log.clone();
            async move {
                while let Some(line) = lines.next_line().await.expect("a log line") {
                    let line = serde_json::from_str(&line).expect("log lines are JSON");
                    log.lock().expect("the lock is not poisoned").push(line);
                }
            }
        });
        Self { child, log }
    }

    /// The log lines with this message.
    pub fn logged(&self, message: &str) -> Vec<Value> {
        let log = self.log.lock().expect("the lock is not poisoned");
        log.iter().filter(|line| line["message"] == message).cloned().collect()
    }

    /// Waits for a log line with this message that `matches`, and returns the first one.
    pub async fn line(&self, message: &str, matches: impl Fn(&Value) -> bool) -> Value {
        let probe = async || self.logged(message).into_iter().find(|line| matches(line));
        eventually(&format!("`{message}` is logged"), LIMIT, probe).await
    }

    /// URL of the service, from the log line `serving`.
    pub async fn base_url(&self) -> String {
        let line = self.line("serving", |_| true).await;
        format!("http://{}", line["address"].as_str().expect("an address"))
    }

    /// Sends SIGTERM, as ECS does.
    pub async fn request_shutdown(&self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
        }
        Ok(())
    }

    /// Sends SIGTERM, as ECS does, and waits for the exit. Fails if the exit code is not 0.
    pub async fn terminate(mut self) -> anyhow::Result<()> {
        self.request_shutdown().await?;
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}
