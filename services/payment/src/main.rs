//! The payment function: settings, connections, then one batch of messages after the other.

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_lambda_events::sqs::SqsEvent;
use clap::Parser;
use lambda_runtime::{LambdaEvent, service_fn};
use payment::{AppState, Config, error::chain, events::lambda, telemetry};

/// What is kept of the function's time for the answer to Lambda.
const MARGIN: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let config = Config::parse();
    telemetry::init();
    let app = AppState::new(&config, &aws().await)?;
    if let Err(error) = app.warm_up().await {
        tracing::error!(error = chain(&error), "payment cannot start");
        return Ok(ExitCode::FAILURE);
    }

    let app = &app;
    let handler = service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Ok::<_, Infallible>(lambda::handle_batch(app, event.payload, left.saturating_sub(MARGIN)).await)
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)?;
    Ok(ExitCode::SUCCESS)
}

async fn aws() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8));
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts.build())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .load()
        .await
}
