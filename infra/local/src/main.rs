//! `cargo shop`: the local stack.

mod campaign;
mod commands;
mod demo;
mod orchestration;

use std::{
    io::{self, IsTerminal, stderr},
    process::ExitCode,
};

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    // Shows messages of the library, such as the installation of Python packages.
    let filter = tracing_subscriber::EnvFilter::new("stack=info");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    log.with_ansi(stderr().is_terminal()).without_time().with_level(false).with_target(false).init();
    commands::Cli::parse().run().await.unwrap_or_else(|error| {
        // The reader of the output, such as `head`, has closed the pipe.
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::FAILURE;
        }
        eprintln!("\nerror: {error}");
        error.chain().skip(1).for_each(|cause| eprintln!("  because: {cause}"));
        ExitCode::FAILURE
    })
}
