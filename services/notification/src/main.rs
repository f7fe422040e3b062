//! The Lambda function: messages of the queue in, mails out.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use aws_lambda_events::sqs::SqsEvent;
use clap::Parser;
use lambda_runtime::{LambdaEvent, service_fn};
use notification::{AppState, Config, config, events, telemetry};

/// How long connecting ahead of time may hold up the start.
const WARM_UP: Duration = Duration::from_secs(2);

/// What is kept of the function's time for the record of what was sent, and for the answer to Lambda.
const MARGIN: Duration = Duration::from_secs(6);

// Lambda hands over one batch at a time, and handling is waiting: a second thread would have nothing to do.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    telemetry::init();

    let state = AppState::new(config, &config::aws().await)?;
    // Running out of this time only makes the first event slower.
    let connect = async { tokio::join!(state.store.warm_up(), state.mailer.warm_up()) };
    let _ = tokio::time::timeout(WARM_UP, connect).await;

    let state = &state;
    let function = service_fn(move |batch: LambdaEvent<SqsEvent>| async move {
        let left = batch.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Ok::<_, Infallible>(events::handle_batch(state, batch.payload, left.saturating_sub(MARGIN)).await)
    });
    lambda_runtime::run(function).await.map_err(anyhow::Error::from_boxed)
}
