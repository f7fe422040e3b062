//! Every setting of the service, parsed once, before anything is done. Nothing else reads the environment,
//! but for `RUST_LOG`, which `telemetry` reads.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use std::{num::ParseIntError, time::Duration};

use clap::Parser;
use reqwest::Url;

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

    /// The ARN of the Secrets Manager secret whose text is the secret key of the shop's account with Stripe.
    #[arg(long, env = "STRIPE_SECRET_KEY_ARN", value_parser = secret_arn)]
    pub stripe_secret_key_arn: String,

    /// How old the key may become before it is read again, in milliseconds. An instance rarely lives longer.
    #[arg(long, env = "PROCESSOR_KEY_MAX_AGE_MS", default_value = "3600000", value_parser = milliseconds)]
    pub processor_key_max_age: Duration,

    /// How much time has to be between two readings, in milliseconds, also where the processor refuses the key.
    #[arg(long, env = "PROCESSOR_KEY_MIN_PAUSE_MS", default_value = "60000", value_parser = milliseconds)]
    pub processor_key_min_pause: Duration,

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

fn secret_arn(text: &str) -> Result<String, &'static str> {
    let parts: Vec<_> = text.splitn(7, ':').collect();
    match parts[..] {
        ["arn", _, "secretsmanager", region, account, "secret", name]
            if [region, account, name].iter().all(|part| !part.is_empty()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("expected arn:aws:secretsmanager:<region>:<account>:secret:<name>"),
    }
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
        "--stripe-secret-key-arn",
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:key-AbCdEf",
    ];

    #[test]
    fn the_key_itself_is_no_setting() {
        assert!(Config::try_parse_from(COMPLETE).is_ok());
        let mut arguments = COMPLETE;
        arguments[6] = "sk_test_secret";
        let refused = Config::try_parse_from(arguments).unwrap_err().to_string();
        assert!(refused.contains("expected arn:aws:secretsmanager:"), "{refused}");
    }

    #[test]
    fn a_base_that_is_no_url_is_refused() {
        let mut arguments = COMPLETE;
        arguments[4] = "api.stripe.com";
        assert!(Config::try_parse_from(arguments).is_err());
    }
}
