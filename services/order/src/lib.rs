//! Order: carts, checkout and the life of orders. The only writer of an order's state, and the conductor of its saga.

use std::time::Duration;

use aws_config::SdkConfig;
use contracts::http::Tokens;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Clients of AWS, with a limit on every wait.
pub mod aws;
/// The one place that reads the clock.
pub mod clock;
/// Every setting.
pub mod config;
/// What an order is and what may happen to it; pure.
pub mod domain;
/// What goes wrong, and what a client hears of it.
pub mod error;
/// What comes from queues: a handler per kind of message, the loop that receives them, deadlines.
pub mod events;
/// The API: every route on one screen, then one file per use case.
pub mod http;
/// The keys of the token issuer.
pub mod keys;
/// The way of spans to a collector.
pub mod otlp;
/// The table: one function per access.
pub mod store;
/// Logs and traces.
pub mod telemetry;

use config::Config;
use domain::Rules;
use events::{deadlines::DeadlineQueue, queue::Queue};
use store::Store;

/// How long work in hand may take after the end was asked for: less than the 30 seconds after which ECS kills.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);

/// What handlers work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The table.
    pub store: Store,
    /// How long orders wait.
    pub rules: Rules,
    /// Reminders of deadlines.
    pub deadlines: DeadlineQueue,
    /// The verifier of access tokens.
    pub tokens: Tokens,
}

/// Serves the API on `listener`, both queues and the sweep, until `shutdown`; then finishes what is in hand.
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
        deadlines: DeadlineQueue::new(sqs.clone(), config.order_deadlines_url.to_string(), tasks.clone()),
        tokens: keys::follow(config.token_issuer.clone(), &tasks, shutdown.clone()),
    };
    let inbox = Queue::new(sqs.clone(), config.order_inbox_url.to_string());
    let deadlines = Queue::new(sqs, config.order_deadlines_url.to_string());
    tasks.spawn(inbox.consume(app.clone(), events::inbox::handle, shutdown.clone()));
    tasks.spawn(deadlines.consume(app.clone(), events::deadlines::handle, shutdown.clone()));
    tasks.spawn(events::sweep::run(app.clone(), config.sweep_interval, shutdown.clone()));

    tracing::info!(address = %listener.local_addr()?, "serving");
    let (router, _) = http::router(app);
    let server = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tasks.spawn(server.into_future());

    shutdown.cancelled().await;
    tasks.close();
    if timeout(DRAIN_LIMIT, tasks.wait()).await.is_err() {
        tracing::warn!("work was left unfinished; its messages will be delivered again");
    }
    Ok(())
}
