//! `cargo checks`: checks of Terraform, Dockerfiles, compose and workflows.

use std::{
    collections::BTreeSet,
    io::{IsTerminal, stderr},
    process::ExitCode,
};

use checks::Check;
use clap::{Parser, ValueEnum};

/// Check what deploys the shop: Terraform, Dockerfiles, compose and workflows. Needs no AWS account.
///
/// Prints one line per check and exits with 1 if one of them failed. A check whose tool is not installed is skipped and
/// named. All of them together take some ten minutes, most of it for `deployed`.
#[derive(Debug, Parser)]
#[command(name = "cargo checks", bin_name = "cargo checks", version)]
struct Cli {
    /// Checks to run [default: all of them]
    #[arg(value_enum)]
    checks: Vec<Check>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::new("stack=info");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    log.with_ansi(stderr().is_terminal()).without_time().with_level(false).with_target(false).init();
    let mut checks: BTreeSet<Check> = Cli::parse().checks.into_iter().collect();
    if checks.is_empty() {
        checks.extend(Check::value_variants());
    }
    checks::run(&checks).await.unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}
