//! The command line: one file per command, its arguments beside what it does.

mod demo;
mod down;
mod logs;
mod provision;
mod seed;
mod status;
mod up;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};
use tokio::process::Command;

use stack::{folder::Folder, record::Record, workspace_root};

use crate::orchestration::external::Site;

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
    Provision(provision::Provision),
    Seed(seed::Seed),
}

impl Cli {
    /// Does what was asked for. The code is not zero where the answer is "no".
    pub async fn run(self) -> Result<ExitCode> {
        match self.task {
            Task::Up(task) => task.run().await,
            Task::Down(task) => task.run().await,
            Task::Status(task) => task.run().await,
            Task::Logs(task) => task.run().await,
            Task::Demo(task) => task.run().await,
            Task::Provision(task) => task.run().await,
            Task::Seed(task) => task.run().await,
        }
    }
}

/// Asks the tool that runs a stack to end it.
async fn terminate(pid: u32) -> Result<()> {
    let sent = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await.context("cannot start `kill`")?;
    ensure!(sent.success(), "cannot end process {pid}: is it another user's?");
    Ok(())
}

/// Selects a stack.
#[derive(Debug, Args)]
struct Which {
    /// The stack's data folder [default: target/shop/default]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Which {
    fn folder(&self) -> Result<Folder> {
        let default = || workspace_root().join("target/shop/default");
        Folder::new(&self.data.clone().unwrap_or_else(default))
    }

    /// The record of the stack, which must be running.
    fn running(&self) -> Result<Record> {
        let folder = self.folder()?;
        match (folder.running()?, Record::current(&folder)?) {
            (Some(_), Some(record)) if record.ready_at.is_some() => Ok(record),
            (Some(_), _) => bail!("the stack on {} is still starting", folder.root().display()),
            (None, _) => bail!("no stack runs on {}: start it with `cargo shop up`", folder.root().display()),
        }
    }
}

/// Addresses of an external stack.
#[derive(Debug, Args)]
struct ExternalStack {
    /// The emulated AWS, as its functions, the services and this tool reach it
    #[arg(long, env = "SHOP_AWS", value_name = "HOST:PORT")]
    aws: String,
    /// The emulated AWS, as people reach it
    #[arg(long, env = "SHOP_PUBLIC_AWS", value_name = "HOST:PORT", default_value = "localhost:4566")]
    public_aws: String,
    /// The card processor's API, as the functions reach it
    #[arg(long, env = "SHOP_PROCESSOR", value_name = "URL")]
    processor: String,
    /// The folder with the programs of the functions, built for the machine of the emulated AWS
    #[arg(long, env = "SHOP_PROGRAMS", value_name = "DIR")]
    programs: PathBuf,
}

impl ExternalStack {
    fn site(&self) -> Site {
        Site { aws: self.aws.clone(), public_aws: self.public_aws.clone(), processor: self.processor.clone() }
    }
}
