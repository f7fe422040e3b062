//! The command line: one file per command, with its arguments and its work.

mod campaign;
mod demo;
mod dlq;
mod down;
mod external;
mod logs;
mod order;
mod status;
mod up;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};
use tokio::process::Command;

use stack::{folder::Folder, record::Record, workspace_root};

/// The whole shop on this machine: emulated AWS, real PostgreSQL, a simulated card processor, and all services.
#[derive(Debug, Parser)]
#[command(name = "cargo shop", bin_name = "cargo shop", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Up(up::Up),
    Down(down::Down),
    Status(status::Status),
    Logs(logs::Logs),
    Demo(demo::Demo),
    Order(order::Order),
    Campaign(campaign::Campaign),
    Dlq(dlq::Dlq),
    Provision(external::Provision),
    Seed(external::Seed),
}

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        match self.task {
            Task::Up(task) => task.run().await?,
            Task::Down(task) => task.run().await?,
            Task::Status(task) => return task.run().await,
            Task::Logs(task) => task.run().await?,
            Task::Demo(task) => task.run().await?,
            Task::Order(task) => task.run().await?,
            Task::Campaign(task) => return task.run().await,
            Task::Dlq(task) => task.run().await?,
            Task::Provision(task) => task.run().await?,
            Task::Seed(task) => task.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Sends SIGTERM to the tool that runs a stack.
async fn terminate(pid: u32) -> Result<()> {
    let sent = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await.context("cannot start `kill`")?;
    ensure!(sent.success(), "cannot terminate process {pid}: does it belong to another user?");
    Ok(())
}

/// Selects a stack.
#[derive(Debug, Args)]
struct Selection {
    /// The stack's data folder [default: target/shop/default]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Selection {
    fn folder(&self) -> Result<Folder> {
        let default = || workspace_root().join("target/shop/default");
        Folder::new(&self.data.clone().unwrap_or_else(default))
    }

    /// The record of the stack, which must be ready.
    fn running(&self) -> Result<Record> {
        let folder = self.folder()?;
        match (folder.running()?, Record::current(&folder)?) {
            (Some(_), Some(record)) if record.ready_at.is_some() => Ok(record),
            (Some(_), _) => bail!("the stack on {} is still starting", folder.root().display()),
            (None, _) => bail!("no stack runs on {}: start it with `cargo shop up`", folder.root().display()),
        }
    }
}
