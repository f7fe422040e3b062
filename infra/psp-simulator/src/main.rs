//! Command-line entry point of the processor simulator.

mod config;

use anyhow::Context;
use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::Config::parse();
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();

    let listener = TcpListener::bind(config.listen_addr).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen_addr))?;
    tracing::info!(address = %listener.local_addr()?, "listening");

    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    psp_simulator::serve(listener, config.into(), shutdown).await.context("the simulator stopped")
}
