//! The service as a whole: HTTP server, queue, sweep and token keys.

use aws_config::SdkConfig;
use contracts::http::TokenKeys;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    AppState, Config, events,
    events::queue::{Queue, Received},
    http, jwks,
    liveness::LIMIT,
    store::Store,
    supervise::{supervise, until},
};

/// Number of messages that are handled at the same time.
const MESSAGES: usize = 80;

/// Serves the API on `listener`, the queue and the sweep, until `shutdown`; then finishes the work in progress.
///
/// Fails if one of them ends before: the process must not live on without it.
pub async fn run(
    config: Config,
    aws: &SdkConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let (keys, tokens) = TokenKeys::channel();
    let store = Store::new(aws_sdk_dynamodb::Client::new(aws), config.order_table.clone(), config.offer_cache);
    let app = AppState::new(store, config.rules(), tokens);
    let inbox = Queue::new(aws_sdk_sqs::Client::new(aws), config.order_inbox_url);
    let handle = {
        let app = app.clone();
        move |message: Received| events::handle::handle(app.clone(), message.body)
    };
    tracing::info!(address = %listener.local_addr()?, "serving");
    let server = axum::serve(listener, http::router(app.clone(), config.max_requests));
    let server = server.with_graceful_shutdown(shutdown.clone().cancelled_owned());

    let mut tasks = JoinSet::new();
    let liveness = app.liveness.clone();
    let consume = inbox.consume(MESSAGES, config.long_poll, handle, shutdown.clone());
    tasks.spawn(liveness.clone().watch("inbox", LIMIT, consume));
    let sweep = events::sweep::run(app, config.sweep_interval, shutdown.clone());
    tasks.spawn(liveness.watch("sweep", LIMIT + config.sweep_interval, sweep));
    tasks.spawn(until(shutdown.clone(), jwks::follow(config.token_issuer, keys)));
    tasks.spawn(async { _ = server.await });
    supervise(tasks, shutdown).await
}
