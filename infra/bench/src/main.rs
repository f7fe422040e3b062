//! `cargo measure`: start times, cost, reads, overload, and a generated catalogue.

mod catalogue;
mod cost;
mod overload;
mod reads;
mod startup;
mod table;

use std::{
    io::{IsTerminal, stderr},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, value_parser};
use stack::{folder::Folder, record::Record, workspace_root};

/// Measure the shop
#[derive(Debug, Parser)]
#[command(name = "cargo measure", bin_name = "cargo measure", version, arg_required_else_help = true)]
enum Cli {
    /// Start times of functions, sizes of deployed programs, and memory of idle services
    ///
    /// Exits with 1 if a bar is missed.
    Startup {
        /// Number of starts of each function
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..))]
        runs: u16,
        /// Folder of built programs, such as those of an image [default: build them]
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
    },
    /// Cost of the shop on AWS: an idle month by profile, and a million orders
    Cost {
        /// Count the billed calls again, on a running stack
        #[arg(long)]
        count: bool,
        /// Number of counted orders of each customer
        #[arg(long, default_value_t = 60, value_parser = value_parser!(u64).range(1..=500), requires = "count")]
        orders: u64,
        /// Number of concurrent customers. An order that is alone shares no call with another one
        #[arg(long, default_value_t = 1, value_parser = value_parser!(u8).range(1..=50), requires = "count")]
        at_once: u8,
        /// Write the page to infra/COST.md, and the count to infra/calls.json
        #[arg(long)]
        write: bool,
        /// Data folder of the running stack [default: target/shop/default]
        #[arg(long, value_name = "DIR", requires = "count")]
        data: Option<PathBuf>,
    },
    /// Goodput and refusals of order under three times the peak rate of checkouts, on a running stack
    ///
    /// Exits with 1 if a bar is missed. Run it with `nice`: it shares the machine with the shop.
    Overload {
        /// Number of customers, who take turns
        #[arg(long, default_value_t = 200, value_parser = value_parser!(u16).range(100..=1000))]
        customers: u16,
        /// Data folder of the running stack [default: target/shop/default]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// CPU per request of product and PostgreSQL for each kind of read, beside a bare handler with the same statements
    ///
    /// Exits with 1 if a bar is missed. Linux only.
    Reads {
        /// Numbers of products
        #[arg(long, value_name = "N", value_delimiter = ',', default_value = "10000,100000")]
        products: Vec<u32>,
        /// Folder of built programs [default: build them]
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
    },
    /// The bare handler
    #[command(hide = true)]
    BareReads {
        #[arg(long)]
        listen_addr: SocketAddr,
        #[arg(long)]
        database_url: String,
    },
    /// Generated catalogue for load, on stdout. The same number of products gives the same file
    Catalogue {
        /// Number of products; each has two to four variants
        #[arg(long, value_parser = value_parser!(u32).range(1..=1_000_000))]
        products: u32,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::new("stack=info");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    log.with_ansi(stderr().is_terminal()).without_time().with_level(false).with_target(false).init();
    run(Cli::parse()).await.unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(cli: Cli) -> Result<ExitCode> {
    match cli {
        Cli::Startup { runs, programs } => return startup::startup(runs.into(), programs.as_deref()).await,
        Cli::Cost { count, orders, at_once, write, data } => {
            let mut calls = None;
            if count {
                calls = Some(cost::count(&running(data)?, orders, at_once.into()).await?);
            }
            cost::print(calls, write).await?;
        }
        Cli::Overload { customers, data } => return overload::overload(&running(data)?, customers.into()).await,
        Cli::Reads { products, programs } => return reads::reads(&products, programs.as_deref()).await,
        Cli::BareReads { listen_addr, database_url } => reads::serve(listen_addr, database_url).await?,
        Cli::Catalogue { products } => catalogue::print(products)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the record of the stack that runs on the data folder.
fn running(data: Option<PathBuf>) -> Result<Record> {
    let folder = Folder::new(&data.unwrap_or_else(|| workspace_root().join("target/shop/default")))?;
    let ready = Record::current(&folder)?.filter(|record| record.ready_at.is_some());
    ready.context("no stack is ready: start it with `cargo shop up`")
}
