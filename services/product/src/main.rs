//! Parses settings, connects and serves, or runs a subcommand of the operator.

use clap::Parser;
use product::{
    aws, clock,
    config::{Cli, Command, Config, Database, Source},
    iam::SignIn,
    import, republish, store, telemetry,
};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().into_command() {
        Command::Serve(config) => serve(*config).await,
        Command::Migrate(database) => {
            telemetry::init(None)?;
            Ok(store::migrate(&connect(&database).await?).await?)
        }
        Command::Republish(database) => {
            telemetry::init(None)?;
            republish::request(&connect(&database).await?.into(), clock::now()).await?;
            println!("requested: the running service publishes all products, {} a second", republish::BATCH);
            Ok(())
        }
        Command::Import { database, source } => {
            telemetry::init(None)?;
            let catalogue = match &source {
                Source::File(file) => import::read(file)?,
                Source::Url(url) => import::fetch(url).await?,
            };
            println!("{}", import::run(&connect(&database).await?, catalogue, clock::now()).await?);
            Ok(())
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let traces = telemetry::init(config.otel_exporter_otlp_endpoint.as_ref())?;
    let shutdown = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = TcpListener::bind(config.listen_addr).await?;
    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            shutdown.cancel();
        }
    });
    let result = product::run(config, &aws::config().await, listener, shutdown).await;
    traces.flush().await;
    result
}

/// Creates the pool of a subcommand.
async fn connect(database: &Database) -> anyhow::Result<PgPool> {
    let pool = store::connect(&database.url, store::Use::Operate)?;
    if database.iam {
        SignIn::new(&aws::config().await)?.refresh(&pool).await?;
    }
    Ok(pool)
}
