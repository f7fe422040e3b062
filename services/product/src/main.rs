//! Reads settings, connects, serves; or carries out an operator's subcommand.

use clap::Parser;
use product::{
    aws, clock,
    config::{self, Cli, Command, Config},
    import, store, telemetry,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let command = Cli::parse().into_command();
    telemetry::init(&config::log_filter());
    match command {
        Command::Serve(config) => serve(*config).await,
        Command::Migrate(database) => {
            let pool = store::connect(&database.url, store::Use::Operate)?;
            Ok(store::migrate(&pool).await?)
        }
        Command::Import { database, file } => {
            let catalogue = import::read(&file)?;
            let pool = store::connect(&database.url, store::Use::Operate)?;
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
    product::run(config, &aws::load().await, listener, shutdown).await
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
