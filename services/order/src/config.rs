//! Every setting, read once, before anything is bound. A wrong one ends the process with a message that names it.

use std::{net::SocketAddr, time::Duration};

use chrono::TimeDelta;
use clap::Parser;
use reqwest::Url;

use crate::domain::Rules;

/// Carts, checkout and the life of orders.
///
/// Region, endpoint and credentials of AWS are the SDK's own variables: `AWS_REGION`, `AWS_ENDPOINT_URL`,
/// `AWS_ACCESS_KEY_ID` and so on.
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub struct Config {
    /// Where the HTTP API listens.
    #[arg(long, env = "LISTEN_ADDR", default_value = "0.0.0.0:8080")]
    pub listen_addr: SocketAddr,

    /// The DynamoDB table of carts, orders, the replica of names and prices, and outgoing events.
    #[arg(long, env = "ORDER_TABLE")]
    pub order_table: String,

    /// The queue of the events of product, payment and user.
    #[arg(long, env = "ORDER_INBOX_URL")]
    pub order_inbox_url: Url,

    /// The queue of this service's own delayed reminders of deadlines.
    #[arg(long, env = "ORDER_DEADLINES_URL")]
    pub order_deadlines_url: Url,

    /// Who signs access tokens: the URL that its discovery document hangs below, as it stands in the tokens.
    #[arg(long, env = "TOKEN_ISSUER")]
    pub token_issuer: Url,

    /// How long an order waits for its stock.
    #[arg(long = "stock-deadline-seconds", env = "STOCK_DEADLINE_SECONDS", default_value = "120", value_parser = seconds)]
    pub stock_deadline: Duration,

    /// How long an order waits for its payment. Shorter than product's reservations last.
    #[arg(long = "payment-deadline-seconds", env = "PAYMENT_DEADLINE_SECONDS", default_value = "600", value_parser = seconds)]
    pub payment_deadline: Duration,

    /// How often orders are looked for whose time is over, in case the reminder was lost.
    #[arg(long = "sweep-interval-seconds", env = "SWEEP_INTERVAL_SECONDS", default_value = "30", value_parser = seconds)]
    pub sweep_interval: Duration,

    /// Where spans are sent, by OTLP over HTTP: the URL of a collector, such as `http://localhost:4318`. None are sent
    /// without it.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otel_exporter_otlp_endpoint: Option<Url>,
}

impl Config {
    /// How long orders wait.
    pub fn rules(&self) -> Rules {
        Rules { stock_deadline: delta(self.stock_deadline), payment_deadline: delta(self.payment_deadline) }
    }
}

/// A day is more than any of these may sensibly be.
const LONGEST: u64 = 24 * 60 * 60;

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (1..=LONGEST).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("must be a whole number of seconds from 1 to {LONGEST}")),
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: [&str; 9] = [
        "order",
        "--order-table",
        "order",
        "--order-inbox-url",
        "http://localhost/inbox",
        "--order-deadlines-url",
        "http://localhost/deadlines",
        "--token-issuer",
        "http://localhost",
    ];

    fn parse(further: &[&str]) -> Result<Config, String> {
        Config::try_parse_from(REQUIRED.iter().chain(further)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, wrong) in [
            ("--stock-deadline-seconds", "0"),
            ("--payment-deadline-seconds", "ten"),
            ("--sweep-interval-seconds", "86401"),
            ("--listen-addr", "8080"),
        ] {
            let message = parse(&[name, wrong]).unwrap_err();
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn deadlines_are_seconds() {
        let rules = parse(&["--stock-deadline-seconds", "90"]).unwrap().rules();
        assert_eq!(rules.stock_deadline, TimeDelta::seconds(90));
        assert_eq!(rules.payment_deadline, TimeDelta::seconds(600));
    }
}
