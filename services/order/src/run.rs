//! The service as a whole: HTTP server, queues and sweep.

use std::{future::Future, time::Duration};

use aws_config::SdkConfig;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{AppState, Config, Error, events, events::sqs::Queue, http, jwks, reminders::Reminders, store::Store};

/// Number of batches of one queue that are handled at the same time.
const BATCHES: usize = 8;

/// Time for work in progress after `shutdown`: less than the 30 seconds after which ECS kills the process.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);

/// Serves the API on `listener`, both queues and the sweep, until `shutdown`; then finishes the work in progress.
pub async fn run(
    config: Config,
    aws: &SdkConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let tasks = TaskTracker::new();
    let sqs = aws_sdk_sqs::Client::new(aws);
    let app = AppState {
        store: Store::new(aws_sdk_dynamodb::Client::new(aws), config.order_table.clone()),
        rules: config.rules(),
        reminders: Reminders::new(sqs.clone(), config.order_deadlines_url.to_string(), tasks.clone()),
        tokens: jwks::follow(&config.token_issuer, &tasks, shutdown.clone()),
    };
    let inbox = Queue::new(sqs.clone(), config.order_inbox_url);
    let deadlines = Queue::new(sqs, config.order_deadlines_url);
    tasks.spawn(consume(inbox, app.clone(), events::handle::handle, shutdown.clone()));
    tasks.spawn(consume(deadlines, app.clone(), events::deadlines::handle, shutdown.clone()));
    tasks.spawn(events::sweep::run(app.clone(), config.sweep_interval, shutdown.clone()));

    tracing::info!(address = %listener.local_addr()?, "serving");
    let server = axum::serve(listener, http::router(app)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tasks.spawn(server.into_future());

    shutdown.cancelled().await;
    tasks.close();
    if timeout(DRAIN_LIMIT, tasks.wait()).await.is_err() {
        tracing::warn!("shutdown timed out; unfinished messages are delivered again");
    }
    Ok(())
}

async fn consume<H>(queue: Queue, app: AppState, handle: fn(AppState, String) -> H, shutdown: CancellationToken)
where
    H: Future<Output = Result<(), Error>> + Send + 'static,
{
    let is_available = || app.store.is_available();
    let handle = |body| {
        let handling = handle(app.clone(), body);
        async { handling.await.is_ok() }
    };
    queue.consume(BATCHES, is_available, handle, shutdown).await;
}
