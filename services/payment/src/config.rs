//! Every setting of the function, parsed once at start. Only `telemetry` reads another variable, `RUST_LOG`.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use std::time::Duration;

use clap::Parser;
use reqwest::Url;

/// The settings of the payment function.
#[derive(Debug, Clone, Parser)]
#[command(name = "payment", about = "Authorizes and voids payments", version)]
pub struct Config {
    /// URL of the queue that the events come from. That of its dead-letter queue is the same with `-dlq` at its end.
    #[arg(long, env = "PAYMENT_INBOX_URL")]
    pub payment_inbox_url: String,

    /// DynamoDB table of payments and of the outbox.
    #[arg(long, env = "PAYMENT_TABLE")]
    pub payment_table: String,

    /// Base URL of Stripe's API, such as `https://api.stripe.com`: the part before `/v1`.
    #[arg(long, env = "STRIPE_API_BASE")]
    pub stripe_api_base: Url,

    /// ARN of the Secrets Manager secret whose text is the secret key of the Stripe account.
    #[arg(long, env = "STRIPE_SECRET_KEY_ARN", value_parser = secret_arn)]
    pub stripe_secret_key_arn: String,

    /// Timeout of one call to the processor, in seconds. After it, the outcome of the call is unknown.
    #[arg(
        long = "processor-call-timeout-seconds",
        env = "PROCESSOR_CALL_TIMEOUT_SECONDS",
        default_value = "5",
        value_parser = seconds
    )]
    pub processor_call_timeout: Duration,

    /// Timeout of the call that authorizes, in seconds. It is longer, because slow issuers take up to 20 s.
    #[arg(
        long = "processor-confirm-timeout-seconds",
        env = "PROCESSOR_CONFIRM_TIMEOUT_SECONDS",
        default_value = "20",
        value_parser = seconds
    )]
    pub processor_confirm_timeout: Duration,

    /// Number of consecutive failed calls to the processor that opens the circuit breaker.
    #[arg(
        long,
        env = "PROCESSOR_BREAKER_FAILURES",
        default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub processor_breaker_failures: u16,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=60) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected 1 to 60 seconds".to_owned()),
    }
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

    const COMPLETE: [&str; 9] = [
        "payment",
        "--payment-inbox-url",
        "https://sqs.eu-central-1.amazonaws.com/111122223333/payment-inbox",
        "--payment-table",
        "payment",
        "--stripe-api-base",
        "https://api.stripe.com",
        "--stripe-secret-key-arn",
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:key-AbCdEf",
    ];

    #[test]
    fn the_secret_key_itself_is_not_accepted_as_a_setting() {
        assert!(Config::try_parse_from(COMPLETE).is_ok());
        let mut arguments = COMPLETE;
        arguments[8] = "sk_test_secret";
        let refused = Config::try_parse_from(arguments).unwrap_err().to_string();
        assert!(refused.contains("expected arn:aws:secretsmanager:"), "{refused}");
    }

    #[test]
    fn a_base_that_is_not_a_url_is_refused() {
        let mut arguments = COMPLETE;
        arguments[6] = "api.stripe.com";
        assert!(Config::try_parse_from(arguments).is_err());
    }

    #[test]
    fn a_call_timeout_is_a_whole_number_of_seconds() {
        assert_eq!(seconds("5"), Ok(Duration::from_secs(5)));
        for text in ["0", "61", "2.5", "-1", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
