//! The service as a whole: HTTP server, queues, publisher, republisher and sweep.

use std::{sync::Arc, time::Duration};

use aws_config::SdkConfig;
use axum::serve::ListenerExt;
use contracts::http::TokenKeys;
use futures::future::join_all;
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    AppState, Config,
    events::{
        handle::handle,
        publisher::{Notifier, Publisher},
        queue::{Queue, Received},
        sweep::Sweep,
    },
    http,
    iam::SignIn,
    jwks,
    liveness::{LIMIT, Liveness},
    republish::Republisher,
    store,
    supervise::{supervise, until},
};

/// Number of messages of each queue that are received and not yet handled.
const MESSAGES: usize = 10;

/// Number of placed orders that are handled at the same time. The rest of the connections is for commitments, publisher
/// and sweep.
const RESERVATIONS: usize = 4;

/// Time for closing the connections to the database.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Serves the API on `listener`, the queues, the publisher and the sweep, until `shutdown`; then finishes the work in
/// progress.
///
/// Fails if one of them ends before: the process must not live on without it.
pub async fn run(
    config: Config,
    aws: &SdkConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let (keys, tokens) = TokenKeys::channel();
    let app = AppState {
        requests: store::connect(&config.database.url, store::Use::Requests)?.into(),
        tasks: store::connect(&config.database.url, store::Use::Tasks)?.into(),
        terms: config.terms(),
        notifier: Notifier::default(),
        tokens,
        liveness: Liveness::default(),
    };
    let publisher = Publisher {
        sns: aws_sdk_sns::Client::new(aws),
        topic_arn: config.product_events_topic_arn,
        database: app.tasks.clone(),
        notifier: app.notifier.clone(),
    };
    let sweep = Sweep {
        database: app.tasks.clone(),
        terms: app.terms,
        interval: config.sweep_interval,
        notifier: app.notifier.clone(),
    };
    let republisher = Republisher { database: app.tasks.clone(), notifier: app.notifier.clone() };
    let sqs = aws_sdk_sqs::Client::new(aws);
    let inbox = Queue::new(sqs.clone(), config.product_inbox_url);
    let reservations = Queue::new(sqs, config.product_reservations_url);
    let handle = {
        let app = app.clone();
        move |message: Received| handle(app.clone(), message.body)
    };
    let reserve = {
        let (handle, permits) = (handle.clone(), Arc::new(Semaphore::new(RESERVATIONS)));
        move |message: Received| {
            let (handling, permits) = (handle(message), permits.clone());
            async move {
                let _permit = permits.acquire().await;
                handling.await
            }
        }
    };
    tracing::info!(address = %listener.local_addr()?, "serving");
    // Responses are small: Nagle's algorithm would delay them.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(error = contracts::error::chain(&error), "could not set TCP_NODELAY");
        }
    });
    let pools = [app.requests.pool().clone(), app.tasks.pool().clone()];
    let liveness = app.liveness.clone();
    let server = axum::serve(listener, http::router(app));
    let server = server.with_graceful_shutdown(shutdown.clone().cancelled_owned());

    let mut tasks = JoinSet::new();
    let (poll, stop) = (config.long_poll, || shutdown.clone());
    tasks.spawn(liveness.clone().watch("inbox", LIMIT, inbox.consume(MESSAGES, poll, handle, stop())));
    tasks.spawn(liveness.clone().watch("reservations", LIMIT, reservations.consume(MESSAGES, poll, reserve, stop())));
    tasks.spawn(liveness.clone().watch("publisher", LIMIT, publisher.run(stop())));
    tasks.spawn(liveness.clone().watch("republisher", LIMIT, republisher.run(stop())));
    tasks.spawn(liveness.watch("sweep", LIMIT + config.sweep_interval, sweep.run(stop())));
    tasks.spawn(until(shutdown.clone(), jwks::follow(config.token_issuer, keys)));
    if config.database.iam {
        let sign_in = SignIn::new(aws)?;
        for pool in &pools {
            tasks.spawn(sign_in.clone().keep_fresh(pool.clone(), shutdown.clone()));
        }
    }
    tasks.spawn(async { _ = server.await });
    let result = supervise(tasks, shutdown).await;
    if timeout(CLOSE_LIMIT, join_all(pools.iter().map(PgPool::close))).await.is_err() {
        tracing::warn!("connections to the database do not respond");
    }
    tracing::info!("stopped");
    result
}
