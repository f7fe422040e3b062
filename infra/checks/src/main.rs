//! `cargo checks`: checks of Terraform, containers and workflows.

use std::{
    io::{IsTerminal, stderr},
    process::ExitCode,
};

use clap::Parser;

/// Check Terraform, containers and workflows, without an account: ends with 0 if nothing failed. What needs a tool that
/// is not installed is skipped, by name
#[derive(Debug, Parser)]
#[command(name = "cargo checks", bin_name = "cargo checks", version)]
struct Cli {}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::new("stack=info");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    log.with_ansi(stderr().is_terminal()).without_time().with_level(false).with_target(false).init();
    let Cli {} = Cli::parse();
    checks::check().await.unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}
