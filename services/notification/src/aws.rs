//! Timeouts and retries of AWS calls. Every call has a timeout. The SDK is the only retry layer, except for SES.
//!
//! A message takes three calls to DynamoDB and one to SES, one after the other, and the batch at most one to SQS: 5 + 5
//! + 8 + 5 + 5 s fit the function's 30 s. The rest is for retries of the call to SES.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

/// Timeout of one call to SES.
pub const SES_TIMEOUT: Duration = Duration::from_secs(8);

/// Region, endpoint and credentials from the environment, as the SDK finds them; this service's timeouts and retries.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts(Duration::from_secs(2), Duration::from_secs(5)))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .load()
        .await
}

/// Settings of the SES client, which never retries by itself: SES cannot distinguish a retry from a second mail, so a
/// retry after a slow response would send twice. [`crate::mail::Mailer`] retries only mails that SES throttled.
pub fn ses(aws: &SdkConfig) -> aws_sdk_sesv2::Config {
    aws_sdk_sesv2::config::Builder::from(aws)
        .timeout_config(timeouts(SES_TIMEOUT, SES_TIMEOUT))
        .retry_config(RetryConfig::disabled())
        .build()
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}
