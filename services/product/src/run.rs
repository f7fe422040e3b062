//! The service as a whole: HTTP server, queue, publisher and sweep.

use aws_config::SdkConfig;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    AppState, Config,
    events::{
        handle::handle,
        publisher::{Notifier, Publisher},
        sqs::Queue,
        sweep::Sweep,
    },
    http,
    iam::SignIn,
    jwks, store,
};

/// Number of batches, of ten messages each, that are handled at the same time. The connection pool must suffice for
/// them.
const BATCHES: usize = 2;

/// Serves the API on `listener`, the queue, the publisher and the sweep, until `shutdown`; then finishes the work in
/// progress: requests first, then messages and events.
pub async fn run(
    config: Config,
    aws: &SdkConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let tasks = TaskTracker::new();
    let app = AppState {
        pool: store::connect(&config.database.url, store::Use::Serve)?,
        reservation_ttl: config.reservation_ttl,
        notifier: Notifier::default(),
        tokens: jwks::follow(&config.token_issuer, &tasks, shutdown.clone()),
    };
    start_tasks(&config, aws, &app, &tasks, &shutdown)?;

    tracing::info!(address = %listener.local_addr()?, "serving");
    // Responses are small: Nagle's algorithm would delay them.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(error = contracts::error::chain(&error), "could not set TCP_NODELAY");
        }
    });
    let pool = app.pool.clone();
    axum::serve(listener, http::router(app)).with_graceful_shutdown(shutdown.cancelled_owned()).await?;
    tasks.close();
    tasks.wait().await;
    pool.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn start_tasks(
    config: &Config,
    aws: &SdkConfig,
    app: &AppState,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let publisher = Publisher {
        sns: aws_sdk_sns::Client::new(aws),
        topic_arn: config.product_events_topic_arn.clone(),
        pool: app.pool.clone(),
        notifier: app.notifier.clone(),
    };
    let sweep = Sweep { pool: app.pool.clone(), interval: config.sweep_interval, notifier: app.notifier.clone() };
    let inbox = Queue::new(aws_sdk_sqs::Client::new(aws), &config.product_inbox_url);
    tasks.spawn(consume(inbox, app.clone(), shutdown.clone()));
    tasks.spawn(publisher.run(shutdown.clone()));
    tasks.spawn(sweep.run(shutdown.clone()));
    if config.database.iam {
        tasks.spawn(SignIn::new(aws)?.keep_fresh(app.pool.clone(), shutdown.clone()));
    }
    Ok(())
}

async fn consume(inbox: Queue, app: AppState, shutdown: CancellationToken) {
    let is_available = || store::is_available(&app.pool);
    let handle = |body| {
        let handling = handle(app.clone(), body);
        async { handling.await.is_ok() }
    };
    inbox.consume(BATCHES, is_available, handle, shutdown).await;
}
