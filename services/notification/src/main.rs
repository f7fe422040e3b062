//! The Lambda function: messages of the queue in, mails out.

use std::convert::Infallible;

use aws_lambda_events::sqs::SqsEvent;
use clap::Parser;
use lambda_runtime::{LambdaEvent, service_fn};
use notification::{AppState, Config, config, events, telemetry};

// Lambda hands over one batch at a time, and handling is waiting: a second thread would have nothing to do.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    telemetry::init();

    let state = AppState::new(config, &config::aws().await)?;
    tokio::join!(state.store.warm_up(), state.mailer.warm_up());

    let function = service_fn(|batch: LambdaEvent<SqsEvent>| async {
        Ok::<_, Infallible>(events::handle_batch(&state, batch.payload).await)
    });
    lambda_runtime::run(function).await.map_err(anyhow::Error::from_boxed)
}
