//! Reads settings, connects, serves; or carries out an operator's subcommand.

use clap::Parser;
use product::{
    aws, clock,
    config::{Cli, Command, Config, Database, Source},
    iam::SignIn,
    import, store, telemetry,
};
use sqlx::PgPool;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let command = Cli::parse().into_command();
    let collector = match &command {
        Command::Serve(config) => config.otel_exporter_otlp_endpoint.as_ref(),
        Command::Migrate(_) | Command::Import { .. } => None,
    };
    let traces = telemetry::init(collector)?;
    match command {
        Command::Serve(config) => {
            let outcome = serve(*config).await;
            traces.flush().await;
            outcome
        }
        Command::Migrate(database) => {
            let pool = operate(&database).await?;
            Ok(store::migrate(&pool).await?)
        }
        Command::Import { database, source } => {
            let catalogue = match &source {
                Source::File(file) => import::read(file)?,
                Source::Link(link) => import::fetch(link).await?,
            };
            let pool = operate(&database).await?;
            let report = import::run(&pool, catalogue, clock::now()).await?;
            println!("{report}");
            Ok(())
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen_addr).await?;
    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone()));
    product::run(config, &aws::config().await, listener, shutdown).await
}

/// A pool for a subcommand.
async fn operate(database: &Database) -> anyhow::Result<PgPool> {
    let pool = store::connect(&database.url, store::Use::Operate)?;
    if database.iam {
        SignIn::new(&aws::config().await)?.refresh(&pool).await?;
    }
    Ok(pool)
}

/// SIGTERM is how ECS stops a task, SIGINT how a terminal does.
async fn cancel_on_signal(shutdown: CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.cancel();
    Ok(())
}
