//! The service as a process of its own, whose log can be read.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use stack::testing::{Aws, eventually};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::support::SOON;

/// A running process, which is killed when dropped.
pub struct Process {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
}

impl Process {
    /// Starts it, with these arguments and environment variables.
    pub async fn start(arguments: &[String], aws: &Aws, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_product"))
            .args(arguments)
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .envs(stack::emulator::environment(aws.endpoint()))
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = Arc::<Mutex<Vec<Value>>>::default();
        tokio::spawn({
            let log = log.clone();
            async move {
                while let Some(line) = lines.next_line().await.unwrap() {
                    log.lock().unwrap().push(serde_json::from_str(&line).unwrap());
                }
            }
        });
        Self { child, log }
    }

    /// The lines of the log with this message.
    pub fn logged(&self, message: &str) -> Vec<Value> {
        self.log.lock().unwrap().iter().filter(|line| line["message"] == message).cloned().collect()
    }

    /// The first line of the log that has this message, once it is there, and is `wanted`.
    pub async fn line(&self, message: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let probe = async || self.logged(message).into_iter().find(|line| wanted(line));
        eventually(&format!("`{message}` is logged"), SOON, probe).await
    }

    /// Where it serves.
    pub async fn base(&self) -> String {
        let line = self.line("serving", |_| true).await;
        format!("http://{}", line["address"].as_str().unwrap())
    }

    /// Ends it as ECS does, and waits until it has ended.
    pub async fn end(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().unwrap().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}
