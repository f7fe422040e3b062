//! `cargo measure`: measurements of a release build, the cost table, and a generated catalogue for load.

mod catalogue;
mod cost;
mod seed;
mod startup;

use std::{
    io::{IsTerminal, stderr},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Args, Parser, value_parser};
use stack::{folder::Folder, record::Record, workspace_root};

/// Measure the shop, or generate a catalogue to measure it with
#[derive(Debug, Parser)]
#[command(name = "cargo measure", bin_name = "cargo measure", version, arg_required_else_help = true)]
enum Cli {
    /// Start times of functions, sizes of what is deployed, and memory of idle services. Ends with 1 if a bar is missed
    Startup {
        /// Number of starts of each function
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..))]
        runs: u16,
        /// Folder of programs that were built already, such as those of an image [default: build them]
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
    },
    Cost(Cost),
    Catalogue(catalogue::Catalogue),
}

/// Cost of the shop on AWS: a month by profile, and a million orders
#[derive(Debug, Args)]
struct Cost {
    /// Count the billed calls again, by orders that are driven through a running stack
    #[arg(long)]
    count: bool,
    /// Number of orders in the first run; the second run has twice as many, and the difference counts
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u64).range(1..=1000), requires = "count")]
    orders: u64,
    /// Concurrent orders. One shows the cost of an order that shares nothing with another one
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u8).range(1..=50), requires = "count")]
    at_once: u8,
    /// Write the table to infra/COST.md, and the count to infra/calls.json
    #[arg(long)]
    write: bool,
    /// Data folder of the stack [default: target/shop/default]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Cost {
    async fn run(self) -> Result<ExitCode> {
        let count = if self.count {
            let folder = Folder::new(&self.data.unwrap_or_else(|| workspace_root().join("target/shop/default")))?;
            let ready = Record::current(&folder)?.filter(|record| record.ready_at.is_some());
            let stack = ready.context("no stack is ready: start it with `cargo shop up`")?;
            Some(cost::Count { stack, orders: self.orders, at_once: self.at_once.into() })
        } else {
            None
        };
        cost::print(count, self.write).await?;
        Ok(ExitCode::SUCCESS)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::new("stack=info");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    log.with_ansi(stderr().is_terminal()).without_time().with_level(false).with_target(false).init();
    let outcome = match Cli::parse() {
        Cli::Startup { runs, programs } => startup::startup(runs.into(), programs.as_deref()).await,
        Cli::Cost(task) => task.run().await,
        Cli::Catalogue(task) => task.run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}
