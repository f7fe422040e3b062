//! Every setting of the function, parsed once, before anything is done. Nothing else reads the environment,
//! but for `RUST_LOG`, which `telemetry` reads.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use clap::Parser;

/// The settings of one relay.
#[derive(Debug, Clone, Parser)]
#[command(name = "outbox-relay", about = "Publishes the committed events of a DynamoDB table", version)]
pub struct Config {
    /// The topic of the service that owns the table.
    #[arg(long, env = "TOPIC_ARN")]
    pub topic_arn: String,
}
