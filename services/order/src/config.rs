//! Settings, parsed before the process binds anything. An invalid one ends the process with a message that names it.

use std::{net::SocketAddr, time::Duration};

use chrono::TimeDelta;
use clap::Parser;
use reqwest::Url;

use crate::domain::Rules;

/// Carts, checkout and the life of orders.
///
/// The AWS SDK reads region, endpoint and credentials from its own variables: `AWS_REGION`, `AWS_ENDPOINT_URL`,
/// `AWS_ACCESS_KEY_ID` and so on.
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub struct Config {
    /// Address of the HTTP API.
    #[arg(long, env = "LISTEN_ADDR", default_value = "0.0.0.0:8080")]
    pub listen_addr: SocketAddr,

    /// DynamoDB table of this service.
    #[arg(long, env = "ORDER_TABLE")]
    pub order_table: String,

    /// SQS queue of the events of product, payment and user.
    #[arg(long, env = "ORDER_INBOX_URL")]
    pub order_inbox_url: Url,

    /// Issuer of access tokens: the `iss` claim, and the base URL of the discovery document.
    #[arg(long, env = "TOKEN_ISSUER")]
    pub token_issuer: Url,

    /// Time for the stock of an order, from the checkout.
    #[arg(
        long = "stock-deadline-seconds",
        env = "STOCK_DEADLINE_SECONDS",
        default_value = "120",
        value_parser = seconds
    )]
    pub stock_deadline: Duration,

    /// Time for the payment of an order, from the reservation. Shorter than product's reservations.
    #[arg(
        long = "payment-deadline-seconds",
        env = "PAYMENT_DEADLINE_SECONDS",
        default_value = "600",
        value_parser = seconds
    )]
    pub payment_deadline: Duration,

    /// Time that a receive waits for messages: at most 20 seconds. Also the time that a shutdown may take longer.
    #[arg(
        long = "long-poll-seconds",
        env = "LONG_POLL_SECONDS",
        default_value = "20",
        value_parser = long_poll_seconds
    )]
    pub long_poll: Duration,

    /// Time for which names and prices are kept in memory. Zero turns it off.
    #[arg(
        long = "offer-cache-seconds",
        env = "OFFER_CACHE_SECONDS",
        default_value = "5",
        value_parser = cache_seconds
    )]
    pub offer_cache: Duration,

    /// Interval of the sweep, which ends orders whose deadline has passed and repeats requests without an answer.
    #[arg(
        long = "sweep-interval-seconds",
        env = "SWEEP_INTERVAL_SECONDS",
        default_value = "10",
        value_parser = seconds
    )]
    pub sweep_interval: Duration,

    /// Number of requests in progress above which further ones are refused. Checkouts get a quarter of it, and changes
    /// of carts a half.
    #[arg(long, env = "MAX_REQUESTS", default_value_t = 256, value_parser = requests)]
    pub max_requests: usize,

    /// OTLP/HTTP endpoint of a trace collector, such as `http://localhost:4318`. Without it, no spans are exported.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otel_exporter_otlp_endpoint: Option<Url>,
}

impl Config {
    /// Returns the deadlines of orders.
    pub fn rules(&self) -> Rules {
        Rules { stock_deadline: delta(self.stock_deadline), payment_deadline: delta(self.payment_deadline) }
    }
}

/// Maximum of every duration: one day.
const MAX_SECONDS: u64 = 24 * 60 * 60;

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (1..=MAX_SECONDS).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("must be a whole number of seconds from 1 to {MAX_SECONDS}")),
    }
}

fn cache_seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if seconds <= 60 => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a whole number of seconds from 0 to 60".to_owned()),
    }
}

fn long_poll_seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (1..=20).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a whole number of seconds from 1 to 20".to_owned()),
    }
}

fn requests(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(requests) if (4..=10_000).contains(&requests) => Ok(requests),
        _ => Err("must be a whole number from 4 to 10000".to_owned()),
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: [&str; 7] = [
        "order",
        "--order-table",
        "order",
        "--order-inbox-url",
        "http://localhost/inbox",
        "--token-issuer",
        "http://localhost",
    ];

    fn parse(arguments: &[&str]) -> Result<Config, String> {
        Config::try_parse_from(REQUIRED.iter().chain(arguments)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_invalid_setting_is_named() {
        for (name, wrong) in [
            ("--stock-deadline-seconds", "0"),
            ("--payment-deadline-seconds", "ten"),
            ("--sweep-interval-seconds", "86401"),
            ("--listen-addr", "8080"),
            ("--max-requests", "3"),
        ] {
            let message = parse(&[name, wrong]).unwrap_err();
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn deadlines_are_in_seconds() {
        let rules = parse(&["--stock-deadline-seconds", "90"]).unwrap().rules();
        assert_eq!(rules.stock_deadline, TimeDelta::seconds(90));
        assert_eq!(rules.payment_deadline, TimeDelta::seconds(600));
    }
}
