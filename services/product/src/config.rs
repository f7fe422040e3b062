//! Every setting, parsed before anything binds. The comments are the manual: `product --help` prints them.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use chrono::TimeDelta;
use clap::{ArgAction, Args, Parser, Subcommand};
use reqwest::Url;
use secrecy::SecretString;

/// Catalogue, search and stock.
#[derive(Debug, Parser)]
#[command(name = "product")]
pub struct Cli {
    /// What to do; `serve` unless told.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve requests and handle messages until SIGTERM. This is the default.
    Serve(Box<Config>),
    /// Bring the database's schema to what this binary needs. It is safe to repeat.
    Migrate(Database),
    /// Write a catalogue file into the database. It is safe to repeat: what did not change is left alone, and the stock
    /// of a SKU is set only once, when the SKU is new.
    Import {
        /// Where the catalogue is.
        #[command(flatten)]
        database: Database,
        /// JSON with `categories` and `products`: a file, or a link to one (`https://…`), for tasks that have no file.
        source: Source,
    },
}

impl Cli {
    /// The command that was given, or `serve` with the settings of the environment.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Box::new(Config::from_environment())))
    }
}

/// Where a catalogue is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of this machine.
    File(PathBuf),
    /// A link, such as S3 signs them. Whoever has it may read the file: it is not logged.
    Link(Url),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("https://") || text.starts_with("http://") {
            text.parse().map(Self::Link).map_err(|error| format!("not a link: {error}"))
        } else {
            Ok(Self::File(text.into()))
        }
    }
}

/// The database.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// URL of the PostgreSQL database, with its password unless `DATABASE_IAM` is true. `?sslmode=verify-full` believes
    /// only servers with a certificate for their name, of an authority in `PGSSLROOTCERT` (a file, or PEM itself).
    #[arg(long = "database-url", env = "DATABASE_URL", hide_env_values = true)]
    pub url: SecretString,
    /// Whether to sign in by AWS IAM, as RDS offers it: as the user that the URL names, with a token in the place of a
    /// password.
    #[arg(long = "database-iam", env = "DATABASE_IAM", default_value_t = false, action = ArgAction::Set)]
    pub iam: bool,
}

/// Settings of `product serve`.
///
/// Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).
#[derive(Debug, Clone, Parser)]
#[command(name = "product serve")]
pub struct Config {
    /// Address and port to listen on.
    #[arg(long, env = "LISTEN_ADDR")]
    pub listen_addr: SocketAddr,
    /// The database.
    #[command(flatten)]
    pub database: Database,
    /// ARN of the SNS topic for this service's events.
    #[arg(long, env = "PRODUCT_EVENTS_TOPIC_ARN")]
    pub product_events_topic_arn: String,
    /// URL of the SQS queue with the events this service handles.
    #[arg(long, env = "PRODUCT_INBOX_URL")]
    pub product_inbox_url: String,
    /// Issuer of access tokens. Its keys are read from `<issuer>/.well-known/jwks.json`.
    #[arg(long, env = "TOKEN_ISSUER")]
    pub token_issuer: Url,
    /// Seconds for which stock is set aside for an order that is not confirmed.
    #[arg(long = "reservation-ttl-seconds", env = "RESERVATION_TTL_SECONDS", default_value = "900", value_parser = span)]
    pub reservation_ttl: TimeDelta,
    /// Seconds between two looks for reservations that have expired.
    #[arg(long = "sweep-interval-seconds", env = "SWEEP_INTERVAL_SECONDS", default_value = "15", value_parser = seconds)]
    pub sweep_interval: Duration,
    /// Where spans are sent, by OTLP over HTTP: the URL of a collector, such as `http://localhost:4318`. None are sent
    /// without it.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otel_exporter_otlp_endpoint: Option<Url>,
}

impl Config {
    /// The settings of the environment. Exits with a message that names the wrong one.
    fn from_environment() -> Self {
        Self::parse_from(["product serve"])
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected 1 to 86400 seconds".to_owned()),
    }
}

fn span(text: &str) -> Result<TimeDelta, String> {
    seconds(text).and_then(|span| TimeDelta::from_std(span).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        Config::command().debug_assert();
    }

    #[test]
    fn a_span_of_no_time_or_more_than_a_day_is_refused() {
        for text in ["0", "-1", "86401", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(span("900"), Ok(TimeDelta::minutes(15)));
    }
}
