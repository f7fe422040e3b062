//! Every setting, parsed before anything binds. `product --help` prints the comments.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use chrono::TimeDelta;
use clap::{ArgAction, Args, Parser, Subcommand};
use reqwest::Url;
use secrecy::SecretString;

use crate::domain::reservation::Terms;

/// Catalogue, search and stock.
#[derive(Debug, Parser)]
#[command(name = "product")]
pub struct Cli {
    /// Subcommand; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve requests and handle messages until SIGTERM. This is the default.
    Serve(Box<Config>),
    /// Migrate the database's schema to the version of this binary. Safe to repeat.
    Migrate(Database),
    /// Make the running service publish every product again, at its present version, for consumers that have lost their
    /// read model. Safe to repeat.
    Republish(Database),
    /// Write a catalogue file to the database. Safe to repeat: unchanged products are not written again, and stock is
    /// set for new SKUs only.
    Import {
        /// Database of the catalogue.
        #[command(flatten)]
        database: Database,
        /// JSON with `categories` and `products`: a path, or a URL (`https://…`) for tasks without a disk.
        source: Source,
    },
}

impl Cli {
    /// Returns the given subcommand, or `serve` with the settings of the environment.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Box::new(Config::from_environment())))
    }
}

/// Source of a catalogue file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Path of a local file.
    File(PathBuf),
    /// URL, possibly presigned by S3 and therefore secret: it is not logged.
    Url(Url),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("https://") || text.starts_with("http://") {
            text.parse().map(Self::Url).map_err(|error| format!("not a URL: {error}"))
        } else {
            Ok(Self::File(text.into()))
        }
    }
}

/// Settings of the database.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// URL of the PostgreSQL database, with a password unless `DATABASE_IAM` is true. `?sslmode=verify-full` accepts
    /// only servers with a certificate for their name, issued by an authority in `PGSSLROOTCERT` (a path, or the PEM
    /// itself).
    #[arg(long = "database-url", env = "DATABASE_URL", hide_env_values = true)]
    pub url: SecretString,
    /// Whether to sign in to RDS by AWS IAM: as the user in the URL, with a token instead of a password.
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
    /// Database of the service.
    #[command(flatten)]
    pub database: Database,
    /// ARN of the SNS topic of this service's events.
    #[arg(long, env = "PRODUCT_EVENTS_TOPIC_ARN")]
    pub product_events_topic_arn: String,
    /// URL of the SQS queue with confirmed, rejected and cancelled orders.
    #[arg(long, env = "PRODUCT_INBOX_URL")]
    pub product_inbox_url: String,
    /// URL of the SQS queue with placed orders.
    #[arg(long, env = "PRODUCT_RESERVATIONS_URL")]
    pub product_reservations_url: String,
    /// Time that a receive waits for messages, in seconds: at most 20. Also the time that a shutdown may take longer.
    #[arg(
        long = "long-poll-seconds",
        env = "LONG_POLL_SECONDS",
        default_value = "20",
        value_parser = long_poll_seconds
    )]
    pub long_poll: Duration,
    /// Issuer of access tokens. Its keys are read from `<issuer>/.well-known/jwks.json`.
    #[arg(long, env = "TOKEN_ISSUER")]
    pub token_issuer: Url,
    /// Lifetime of an unconfirmed reservation, in seconds.
    #[arg(
        long = "reservation-ttl-seconds",
        env = "RESERVATION_TTL_SECONDS",
        default_value = "900",
        value_parser = time_delta
    )]
    pub reservation_ttl: TimeDelta,
    /// Time before the end of a reservation at which the end is announced, in seconds: the order repeats its latest
    /// event.
    #[arg(
        long = "reservation-warning-seconds",
        env = "RESERVATION_WARNING_SECONDS",
        default_value = "120",
        value_parser = time_delta
    )]
    pub reservation_warning: TimeDelta,
    /// Time by which a reservation is extended, once, when its end is announced, in seconds. Also the time from its end
    /// until the order is asked for its own end again, which doubles up to 6 hours.
    #[arg(
        long = "reservation-extension-seconds",
        env = "RESERVATION_EXTENSION_SECONDS",
        default_value = "300",
        value_parser = time_delta
    )]
    pub reservation_extension: TimeDelta,
    /// Interval of the sweep for reservations at their end, in seconds.
    #[arg(
        long = "sweep-interval-seconds",
        env = "SWEEP_INTERVAL_SECONDS",
        default_value = "15",
        value_parser = seconds
    )]
    pub sweep_interval: Duration,
    /// URL of the OpenTelemetry collector for spans, by OTLP over HTTP, such as `http://localhost:4318`. Without it, no
    /// spans are exported.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otel_exporter_otlp_endpoint: Option<Url>,
}

impl Config {
    /// Returns the times of reservations.
    pub fn terms(&self) -> Terms {
        Terms { ttl: self.reservation_ttl, warning: self.reservation_warning, extension: self.reservation_extension }
    }

    /// Parses the settings of the environment. Exits with a message that names an invalid one.
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

fn long_poll_seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=20) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected 1 to 20 seconds".to_owned()),
    }
}

fn time_delta(text: &str) -> Result<TimeDelta, String> {
    seconds(text).and_then(|duration| TimeDelta::from_std(duration).map_err(|error| error.to_string()))
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
    fn a_duration_has_1_second_to_1_day() {
        for text in ["0", "-1", "86401", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(time_delta("900"), Ok(TimeDelta::minutes(15)));
    }
}
