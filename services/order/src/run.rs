//! The service as a whole: HTTP server, queues, sweep and token keys.

use std::{future::Future, time::Duration};

use aws_config::SdkConfig;
use contracts::http::TokenKeys;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    AppState, Config, events,
    events::queue::{Outcome, Queue},
    http, jwks,
    reminders::Reminders,
    store::Store,
    supervise::{supervise, until},
};

/// Number of messages of one queue that are handled at the same time.
const MESSAGES: usize = 80;

/// Serves the API on `listener`, both queues and the sweep, until `shutdown`; then finishes the work in progress.
///
/// Fails if one of them ends before: the process must not live on without it.
pub async fn run(
    config: Config,
    aws: &SdkConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let sqs = aws_sdk_sqs::Client::new(aws);
    let (keys, tokens) = TokenKeys::channel();
    let app = AppState {
        store: Store::new(aws_sdk_dynamodb::Client::new(aws), config.order_table.clone()),
        rules: config.rules(),
        reminders: Reminders::new(sqs.clone(), config.order_deadlines_url.to_string()),
        tokens,
    };
    let inbox = Queue::new(sqs.clone(), config.order_inbox_url);
    let deadlines = Queue::new(sqs, config.order_deadlines_url);
    tracing::info!(address = %listener.local_addr()?, "serving");
    let server = axum::serve(listener, http::router(app.clone()));
    let server = server.with_graceful_shutdown(shutdown.clone().cancelled_owned());

    let mut tasks = JoinSet::new();
    tasks.spawn(consume(inbox, config.long_poll, app.clone(), events::handle::handle, shutdown.clone()));
    tasks.spawn(consume(deadlines, config.long_poll, app.clone(), events::deadlines::handle, shutdown.clone()));
    tasks.spawn(events::sweep::run(app, config.sweep_interval, shutdown.clone()));
    tasks.spawn(until(shutdown.clone(), jwks::follow(config.token_issuer, keys)));
    tasks.spawn(async { _ = server.await });
    supervise(tasks, shutdown).await
}

async fn consume<H>(
    queue: Queue,
    long_poll: Duration,
    app: AppState,
    handle: fn(AppState, String) -> H,
    shutdown: CancellationToken,
) where
    H: Future<Output = Outcome> + Send + 'static,
{
    queue.consume(MESSAGES, long_poll, move |message| handle(app.clone(), message.body), shutdown).await;
}
