//! Every setting of the service, parsed once, before anything is done. Nothing else reads the environment,
//! but for `RUST_LOG`, which `telemetry` reads.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use std::{num::ParseIntError, time::Duration};

use clap::Parser;
use reqwest::Url;
use secrecy::SecretString;

/// The settings of the payment function.
#[derive(Debug, Clone, Parser)]
#[command(name = "payment", about = "Authorises and voids payments", version)]
pub struct Config {
    /// The DynamoDB table of payments and of events on their way out.
    #[arg(long, env = "PAYMENT_TABLE")]
    pub payment_table: String,

    /// Where Stripe's API is, such as `https://api.stripe.com`: the part before `/v1`.
    #[arg(long, env = "STRIPE_API_BASE")]
    pub stripe_api_base: Url,

    /// The secret key of the shop's account with Stripe.
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true)]
    pub stripe_secret_key: SecretString,

    /// How long one call to the processor may take, in milliseconds. After that its outcome is unknown.
    #[arg(long, env = "PROCESSOR_CALL_TIMEOUT_MS", default_value = "5000", value_parser = milliseconds)]
    pub processor_call_timeout: Duration,

    /// How many calls to the processor have to fail in a row before no more are made for a while.
    #[arg(long, env = "PROCESSOR_BREAKER_FAILURES", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    pub processor_breaker_failures: u16,

    /// How long no calls are made then, in milliseconds, before one call tries again.
    #[arg(long, env = "PROCESSOR_BREAKER_OPEN_MS", default_value = "10000", value_parser = milliseconds)]
    pub processor_breaker_open: Duration,
}

fn milliseconds(text: &str) -> Result<Duration, ParseIntError> {
    text.parse().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [&str; 7] = [
        "payment",
        "--payment-table",
        "payment",
        "--stripe-api-base",
        "https://api.stripe.com",
        "--stripe-secret-key",
        "sk_test_secret",
    ];

    #[test]
    fn the_key_is_never_printed() {
        let config = Config::try_parse_from(COMPLETE).unwrap();
        assert!(!format!("{config:?}").contains("sk_test_secret"));
    }

    #[test]
    fn a_base_that_is_no_url_is_refused() {
        let mut arguments = COMPLETE;
        arguments[4] = "api.stripe.com";
        assert!(Config::try_parse_from(arguments).is_err());
    }
}
