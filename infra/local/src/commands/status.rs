//! `cargo shop status`

use std::{
    collections::BTreeMap,
    io::{Write, stdout},
    process::ExitCode,
    time::Duration,
};

use anyhow::Result;
use clap::Args;
use futures::future::join_all;
use serde::Serialize;

use stack::record::{Part, Record};

use super::Selection;

/// Show the parts of a stack, their addresses and health. The exit code is 0 if all are healthy
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    stack: Selection,
    /// Print JSON for programs: URLs, ports, pids, logs, local accounts
    #[arg(long)]
    json: bool,
}

/// The output of `--json`: the status file and the current health.
#[derive(Serialize)]
struct Report<'a> {
    running: bool,
    healthy: bool,
    health: &'a BTreeMap<String, bool>,
    #[serde(flatten)]
    record: Option<&'a Record>,
}

impl Status {
    pub async fn run(self) -> Result<ExitCode> {
        let folder = self.stack.folder()?;
        let running = folder.running()?.is_some();
        let record = Record::current(&folder)?;
        let health = match &record {
            Some(record) => examine(record).await,
            None => BTreeMap::new(),
        };
        let ready = record.as_ref().is_some_and(|record| record.ready_at.is_some());
        let healthy = ready && health.values().all(|healthy| *healthy);

        if self.json {
            let report = Report { running, healthy, health: &health, record: record.as_ref() };
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else if let Some(record) = &record {
            print(record, &health)?;
        } else if running {
            println!("The stack on {} is starting.", folder.root().display());
        } else {
            println!("No stack runs on {}: start it with `cargo shop up`.", folder.root().display());
        }
        Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Checks the health of every part.
async fn examine(record: &Record) -> BTreeMap<String, bool> {
    let checks = record.parts.iter().map(async |(name, part)| (name.clone(), is_healthy(part).await));
    join_all(checks).await.into_iter().collect()
}

async fn is_healthy(part: &Part) -> bool {
    let Part::Process { port, health, .. } = part else { return true };
    match (health, port) {
        (Some(url), _) => {
            let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build();
            let answer = async { client?.get(url).send().await?.error_for_status() };
            answer.await.is_ok()
        }
        (None, Some(port)) => tokio::net::TcpStream::connect(("127.0.0.1", *port)).await.is_ok(),
        (None, None) => true,
    }
}

fn print(record: &Record, health: &BTreeMap<String, bool>) -> Result<()> {
    let mut out = stdout().lock();
    let state = if record.ready_at.is_some() { "Running" } else { "Starting" };
    writeln!(out, "{state} since {} (pid {}).", record.started_at.format("%F %T UTC"), record.pid)?;
    writeln!(out, "\n  {:<22} {:<10} {:>7} {:>6}  log", "part", "health", "pid", "port")?;
    for (name, part) in &record.parts {
        let word = if health.get(name).copied().unwrap_or(false) { "healthy" } else { "UNHEALTHY" };
        match part {
            Part::Process { pid, port, log, .. } => {
                let port = port.map_or_else(String::new, |port| port.to_string());
                writeln!(out, "  {name:<22} {word:<10} {pid:>7} {port:>6}  {}", log.display())?;
            }
            Part::Function { .. } => {
                writeln!(out, "  {name:<22} {:<10} {:>7} {:>6}  cargo shop logs {name}", "function", "", "")?;
            }
        }
    }
    writeln!(out, "\n{record}")?;
    Ok(())
}
