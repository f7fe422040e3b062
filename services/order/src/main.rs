//! The process: settings, signals, `order::run`.

use anyhow::Context;
use clap::Parser;
use order::{Config, aws, telemetry};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let traces = telemetry::init(config.otel_exporter_otlp_endpoint.as_ref())?;
    let shutdown = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = TcpListener::bind(config.listen_addr)
        .await
        .with_context(|| format!("LISTEN_ADDR: cannot listen on {}", config.listen_addr))?;

    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            tracing::info!("draining");
            shutdown.cancel();
        }
    });
    let outcome = order::run(config, &aws::config().await, listener, shutdown).await;
    traces.flush().await;
    outcome
}
