//! A real PostgreSQL 18, from a Python wheel that carries the server's binaries.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::{process::Command, time::Instant};

use crate::{
    emulator::free_port,
    process::{Child, Program},
    python::Python,
};

/// Includes the making of a data folder, and recovery after a crash.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port; a free one if there is none.
    pub port: Option<u16>,
    /// The folder for its data. Made if it is not there; the folder above it must exist.
    pub data_dir: PathBuf,
    /// The file for its log, in a folder that exists.
    pub log: PathBuf,
    /// If false, the data are removed at the end, and nothing is synced to disk.
    pub keep: bool,
}

/// A running server. It ends when this is dropped, or our process ends.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    python: Python,
    port: u16,
}

impl Postgres {
    /// Starts one and waits until it takes connections. Data that a crash left behind are recovered.
    pub async fn start(python: &Python, settings: Settings) -> anyhow::Result<Self> {
        let port = match settings.port {
            Some(port) => port,
            None => free_port()?,
        };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            bail!("port {port} is taken by another process: PostgreSQL needs it");
        }
        let mut program = Program::new("PostgreSQL", python.path(), settings.log)
            .args(["-I", "-c", include_str!("postgres/server.py")])
            .arg(&settings.data_dir)
            .arg(port.to_string())
            .arg("max_connections=200")
            .arg("timezone=UTC");
        if settings.keep {
            program = program.stop_signal("SIGINT"); // disconnects clients, unlike SIGTERM, and ends cleanly
        } else {
            program = program
                .arg("fsync=off")
                .arg("synchronous_commit=off")
                .arg("full_page_writes=off")
                .stop_signal("SIGQUIT")
                .scratch(settings.data_dir);
        }
        let server = Self { child: program.spawn(python).await?, python: python.clone(), port };
        server.ready().await?;
        Ok(server)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let limit = Instant::now() + START_LIMIT;
        loop {
            let Err(cause) = self.psql("select 1").await else { return Ok(()) };
            if !self.child.is_running() {
                bail!("PostgreSQL ended while it started:\n{}", self.child.log_tail());
            }
            if Instant::now() > limit {
                bail!("PostgreSQL is not ready after {START_LIMIT:?} ({cause}):\n{}", self.child.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a statement with psql.
    async fn psql(&self, statement: &str) -> anyhow::Result<()> {
        let mut psql = Command::new(self.python.path());
        psql.args(["-I", "-c", include_str!("postgres/psql.py"), &self.url("postgres"), "-Xqc", statement]);
        let output = psql.kill_on_drop(true).output().await.context("cannot start psql")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// The URL of one of its databases, which need not exist yet.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database if it is not there, and returns its URL. `name` is a plain identifier.
    pub async fn create_database(&self, name: &str) -> anyhow::Result<String> {
        match self.psql(&format!(r#"create database "{name}""#)).await {
            Err(cause) if !cause.to_string().contains("already exists") => {
                Err(cause).with_context(|| format!("cannot create the database {name}"))
            }
            _ => Ok(self.url(name)),
        }
    }

    /// The port it listens on, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn process(&self) -> &Child {
        &self.child
    }

    /// Ends it cleanly.
    pub async fn stop(&self) {
        self.child.stop(Duration::from_secs(30)).await;
    }
}
