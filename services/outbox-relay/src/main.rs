//! The relay function: settings, connection, then one batch of stream records after the other.

use aws_lambda_events::dynamodb::Event;
use clap::Parser;
use lambda_runtime::{LambdaEvent, service_fn};
use outbox_relay::{Config, FailureQueue, Topic, aws, events, telemetry};

// Lambda passes one batch at a time, and publishing is waiting: a second thread would be idle.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    telemetry::init();

    let aws = aws::config().await;
    let topic = Topic::new(aws_sdk_sns::Client::new(&aws), config.topic_arn);
    let failures = FailureQueue::new(aws_sdk_sqs::Client::new(&aws), config.failures_queue_url);
    topic.warm_up().await;

    let relay = service_fn(|batch: LambdaEvent<Event>| events::handle_batch(&topic, &failures, batch.payload));
    lambda_runtime::run(relay).await.map_err(anyhow::Error::from_boxed)
}
