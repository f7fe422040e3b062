//! A program of ours that must run: started, watched, and started again when it crashes, as ECS does.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use stack::{
    process::{Child, Program},
    python::Python,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Board, Part, ready, settings::Environment};

/// How long a program may take from its start to its first good answer.
const START_LIMIT: Duration = Duration::from_secs(30);
/// What ECS gives a container between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(30);
/// The pause before a crashed program is started again; twice as long after each further crash.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// A program that ran for so long has not crashed again, but anew.
const STEADY: Duration = Duration::from_secs(60);

/// A program and all that its start needs.
#[derive(Debug, Clone)]
pub struct Service {
    /// What it is called.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its settings.
    pub environment: Environment,
    /// Where it listens.
    pub port: u16,
    /// The path that answers 2xx while it is well.
    pub health: &'static str,
    /// Its output.
    pub log: PathBuf,
    /// What children are started with.
    pub python: Python,
    /// Where its pid is written to.
    pub board: Board,
}

impl Service {
    /// Starts it, and waits until it is well. Its end before that is an error with the end of its log.
    pub async fn start(&self) -> Result<Child> {
        let child = self.spawn().await?;
        let health = self.health_url();
        let outcome = tokio::select! {
            code = child.exited() => Err(anyhow::anyhow!("it ended with code {code}")),
            ready = ready::answers(&health, START_LIMIT) => ready,
        };
        match outcome {
            Ok(()) => Ok(child),
            Err(cause) => bail!("{} did not start: {cause:#}. The end of its log:\n\n{}", self.name, child.log_tail()),
        }
    }

    /// Keeps it running until `stop`, then ends it.
    pub async fn keep(self, mut child: Child, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            tokio::select! {
                () = stop.cancelled() => {
                    child.stop(GRACE).await;
                    return;
                }
                code = child.exited() => {
                    if began.elapsed() > STEADY {
                        pause = FIRST_PAUSE;
                    }
                    let (name, log, pause) = (self.name, self.log.display(), pause.as_secs());
                    eprintln!("{name} ended with code {code}: starting it again in {pause} s; its log is {log}");
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
        let program = Program::new(self.name, &self.program, &self.log).envs(self.environment.clone());
        let child = program.spawn(&self.python).await.with_context(|| format!("cannot start {}", self.name))?;
        let part = Part::Process {
            pid: child.pid(),
            port: Some(self.port),
            health: Some(self.health_url()),
            log: self.log.clone(),
        };
        self.board.update(|record| {
            record.parts.insert(self.name.to_owned(), part);
        })?;
        Ok(child)
    }

    fn health_url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.health)
    }
}
