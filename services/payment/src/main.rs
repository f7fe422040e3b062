//! The payment function: settings, connections, then one batch of messages after the other.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use aws_lambda_events::sqs::SqsEvent;
use clap::Parser;
use lambda_runtime::{LambdaEvent, service_fn};
use payment::{AppState, Config, aws, events::handle_batch, telemetry};

/// Part of the function's time that is kept for postponing the messages that were not handled, and for the response to
/// Lambda.
const MARGIN: Duration = Duration::from_secs(5);

// Lambda passes one batch at a time, and handling is waiting: a second thread would be idle.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    telemetry::init();
    let app = AppState::new(&config, &aws::config().await)?;
    app.warm_up().await;

    let app = &app;
    let function = service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Ok::<_, Infallible>(handle_batch(app, event.payload, left.saturating_sub(MARGIN)).await)
    });
    lambda_runtime::run(function).await.map_err(anyhow::Error::from_boxed)
}
