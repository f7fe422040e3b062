//! A real PostgreSQL 18, from a Python wheel that carries the server's binaries.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::{
    emulator::claim_port,
    process::{Child, Program},
    python::Python,
    ready,
};

/// Limit for a start, including the creation of a data folder, or recovery after a crash.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Limit for a shutdown.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port. Default: a free port.
    pub port: Option<u16>,
    /// Data folder, which is created if it does not exist. Its parent folder must exist.
    pub data_dir: PathBuf,
    /// Log file, in an existing folder.
    pub log: PathBuf,
    /// If false, the data are removed at the end, and nothing is synced to disk.
    pub keep: bool,
}

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    python: Python,
    port: u16,
}

impl Postgres {
    /// Starts a server and waits until it accepts connections. After a crash, it recovers its data first.
    pub async fn start(python: &Python, settings: Settings) -> anyhow::Result<Self> {
        let port = claim_port(settings.port)?;
        let mut program = Program::new("PostgreSQL", python.path(), settings.log)
            .args(["-I", "-c", include_str!("postgres/server.py")])
            .arg(&settings.data_dir)
            .arg(port.to_string())
            .arg("max_connections=200")
            .arg("timezone=UTC");
        if settings.keep {
            // SIGINT disconnects clients, unlike SIGTERM, and ends cleanly.
            program = program.stop_signal("SIGINT").grace(STOP_LIMIT);
        } else {
            program = program
                .arg("fsync=off")
                .arg("synchronous_commit=off")
                .arg("full_page_writes=off")
                .stop_signal("SIGQUIT")
                .scratch(settings.data_dir);
        }
        let server = Self { child: program.spawn(python).await?, python: python.clone(), port };
        server.child.ready(ready::until(START_LIMIT, async || server.psql("select 1").await)).await?;
        Ok(server)
    }

    /// Runs a statement with psql.
    async fn psql(&self, statement: &str) -> anyhow::Result<()> {
        query(&self.python, &self.url("postgres"), statement).await.map(drop)
    }

    /// URL of the database `database`, which need not exist yet.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates a database unless it exists, and returns its URL. `name` is a plain identifier.
    pub async fn create_database(&self, name: &str) -> anyhow::Result<String> {
        match self.psql(&format!(r#"create database "{name}""#)).await {
            Err(cause) if !cause.to_string().contains("already exists") => {
                Err(cause).with_context(|| format!("cannot create the database {name}"))
            }
            _ => Ok(self.url(name)),
        }
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn process(&self) -> &Child {
        &self.child
    }

    /// Stops the server.
    pub async fn stop(&self) {
        self.child.stop().await;
    }
}

/// Runs a statement on the database at `url` with psql, and returns the rows as unaligned text.
pub async fn query(python: &Python, url: &str, statement: &str) -> anyhow::Result<String> {
    let mut psql = Command::new(python.path());
    psql.args(["-I", "-c", include_str!("postgres/psql.py"), url, "-XqAtc", statement]);
    let output = psql.kill_on_drop(true).output().await.context("cannot start psql")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
