//! The service as a whole: one HTTP server, and the tasks that move events.

use aws_config::SdkConfig;
use axum::serve::ListenerExt;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    aws,
    config::Config,
    events::{
        inbox::Inbox,
        publisher::{Publisher, Wake},
        sweep::Sweep,
    },
    http::{self, AppState},
    iam::SignIn,
    store, tokens,
};

/// Serves until `shutdown`, then finishes what was begun: requests first, then messages and events.
pub async fn run(
    config: Config,
    aws: &SdkConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let pool = store::connect(&config.database.url, store::Use::Serve)?;
    let wake = Wake::default();
    let tasks = start_tasks(&config, aws, &pool, &wake, &shutdown)?;
    let state = AppState { pool: pool.clone(), tokens: tokens::follow(&config.token_issuer), wake };

    tracing::info!(address = %listener.local_addr()?, "serving");
    // Answers are small: each is sent at once rather than held back for more.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
    });
    axum::serve(listener, http::router(state)).with_graceful_shutdown(shutdown.cancelled_owned()).await?;
    tasks.wait().await;
    pool.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn start_tasks(
    config: &Config,
    aws: &SdkConfig,
    pool: &PgPool,
    wake: &Wake,
    shutdown: &CancellationToken,
) -> anyhow::Result<TaskTracker> {
    let inbox = Inbox {
        sqs: aws::sqs(aws),
        queue_url: config.product_inbox_url.clone(),
        pool: pool.clone(),
        reservation_ttl: config.reservation_ttl,
        wake: wake.clone(),
    };
    let publisher = Publisher {
        sns: aws::sns(aws),
        topic_arn: config.product_events_topic_arn.clone(),
        pool: pool.clone(),
        wake: wake.clone(),
    };
    let sweep = Sweep { pool: pool.clone(), interval: config.sweep_interval, wake: wake.clone() };

    let tasks = TaskTracker::new();
    for _ in 0..Inbox::LANES {
        tasks.spawn(inbox.clone().run(shutdown.clone()));
    }
    tasks.spawn(publisher.run(shutdown.clone()));
    tasks.spawn(sweep.run(shutdown.clone()));
    if config.database.iam {
        tasks.spawn(SignIn::new(aws)?.keep_fresh(pool.clone(), shutdown.clone()));
    }
    tasks.close();
    Ok(tasks)
}
