//! The Lambda function: stream records in, published events out.

use aws_lambda_events::dynamodb::Event;
use clap::Parser;
use lambda_runtime::{LambdaEvent, service_fn};
use outbox_relay::{Config, Topic, aws, events, telemetry};

// Lambda hands over one batch at a time: a second thread would have nothing to do.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    telemetry::init();

    let topic = Topic::new(aws_sdk_sns::Client::new(&aws::config().await), config.topic_arn);
    topic.warm_up().await;

    let relay = service_fn(|batch: LambdaEvent<Event>| events::handle(&topic, batch.payload));
    lambda_runtime::run(relay).await.map_err(anyhow::Error::from_boxed)
}
