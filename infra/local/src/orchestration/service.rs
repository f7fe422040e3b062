//! A program that is restarted after a crash, as on ECS.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use stack::{
    local_env::Environment,
    process::{Child, Program},
    python::Python,
    ready,
    record::{Part, StatusFile},
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Limit from the start to the first successful health check.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Time between SIGTERM and SIGKILL, as on ECS.
const GRACE: Duration = Duration::from_secs(30);
/// Delay before the first restart; it doubles with each crash.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest delay.
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// Uptime after which the delay starts over.
const STEADY: Duration = Duration::from_secs(60);

/// A program and its settings.
#[derive(Debug, Clone)]
pub struct Service {
    pub name: String,
    /// Path of the program.
    pub program: PathBuf,
    pub environment: Environment,
    pub port: u16,
    /// URL that responds with 2xx while the program is healthy.
    pub health_url: String,
    /// Log file.
    pub log: PathBuf,
    /// Interpreter of the launcher.
    pub python: Python,
    pub status_file: StatusFile,
}

impl Service {
    /// Starts the program, and waits until it is healthy.
    pub async fn start(&self) -> Result<Child> {
        let child = self.spawn().await?;
        child.ready(ready::answers(&self.health_url, START_LIMIT)).await?;
        Ok(child)
    }

    /// Restarts the program after each crash until `stop`, then terminates it.
    pub async fn keep(self, mut child: Child, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            tokio::select! {
                () = stop.cancelled() => {
                    child.stop().await;
                    return;
                }
                code = child.exited() => {
                    if began.elapsed() > STEADY {
                        pause = FIRST_PAUSE;
                    }
                    let (name, log, pause) = (&self.name, self.log.display(), pause.as_secs());
                    eprintln!("{name} exited with code {code}; restart in {pause} s; log: {log}");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => pause = LAST_PAUSE.min(pause * 2),
            }
            match self.spawn().await {
                Ok(again) => child = again,
                Err(cause) => eprintln!("{cause:#}"),
            }
        }
    }

    async fn spawn(&self) -> Result<Child> {
        let program = Program::new(&self.name, &self.program, &self.log).envs(self.environment.clone()).grace(GRACE);
        let child = program.spawn(&self.python).await.with_context(|| format!("cannot start {}", self.name))?;
        let part = Part::Process {
            pid: child.pid(),
            port: Some(self.port),
            health: Some(self.health_url.clone()),
            log: self.log.clone(),
        };
        self.status_file.update(|record| {
            record.parts.insert(self.name.clone(), part);
        })?;
        Ok(child)
    }
}
