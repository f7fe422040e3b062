//! Every setting of the function, parsed once at start. Only `telemetry` reads another variable, `RUST_LOG`.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use clap::Parser;

/// Settings of one relay.
#[derive(Debug, Clone, Parser)]
#[command(name = "outbox-relay", about = "Publishes the committed events of a DynamoDB table", version)]
pub struct Config {
    /// ARN of the topic of the service that owns the table.
    #[arg(long, env = "TOPIC_ARN")]
    pub topic_arn: String,

    /// URL of the relay's failure queue. It takes the events that can never be published.
    #[arg(long, env = "FAILURES_QUEUE_URL")]
    pub failures_queue_url: String,
}
