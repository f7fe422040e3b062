//! `cargo shop`: the local stack, and the tools around it.

mod clock;
mod commands;
mod demo;
mod seed;
mod stack;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    commands::Cli::parse().run().await.unwrap_or_else(|error| {
        eprintln!("\nerror: {error}");
        error.chain().skip(1).for_each(|cause| eprintln!("  because: {cause}"));
        ExitCode::FAILURE
    })
}
