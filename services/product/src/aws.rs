//! Clients of AWS, each with its deadlines. Retries happen here, and nowhere above.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

/// How long a receive waits for a message to come (long polling; 20 s is the most that SQS allows).
pub const RECEIVE_WAIT: Duration = Duration::from_secs(20);

/// Region, endpoint and credentials, as the SDK finds them in the environment.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).load().await
}

/// The client that publishes.
pub fn sns(aws: &SdkConfig) -> aws_sdk_sns::Client {
    let config = aws_sdk_sns::config::Builder::from(aws)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(deadlines(Duration::from_secs(3), Duration::from_secs(8)));
    aws_sdk_sns::Client::from_conf(config.build())
}

/// The client that receives, with deadlines that leave room for [`RECEIVE_WAIT`].
pub fn sqs(aws: &SdkConfig) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::config::Builder::from(aws)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(deadlines(RECEIVE_WAIT + Duration::from_secs(5), RECEIVE_WAIT + Duration::from_secs(10)));
    aws_sdk_sqs::Client::from_conf(config.build())
}

fn deadlines(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}
