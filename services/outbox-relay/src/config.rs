//! Every setting of the function, parsed once, before anything is done. Nothing else reads the environment,
//! but for `RUST_LOG`, which `telemetry` reads.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use clap::Parser;

/// The settings of one relay.
#[derive(Debug, Clone, Parser)]
#[command(name = "outbox-relay", about = "Publishes the committed events of a DynamoDB table", version)]
pub struct Config {
    /// The topic of the service that owns the table.
    #[arg(long, env = "TOPIC_ARN")]
    pub topic_arn: String,
}

/// How AWS is called: every call has a deadline, and the SDK is the one layer that retries.
///
/// A full batch of 100 records is ten calls, four at a time: three rounds of 8 s fit the function's 30 s.
pub async fn aws() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .load()
        .await
}
