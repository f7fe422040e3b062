//! Every setting of the service, parsed once at start. No other code reads the environment, except `telemetry`, which
//! reads `RUST_LOG`.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use std::{fmt, num::NonZeroU32, str::FromStr};

use axum::http::Uri;
use clap::{Parser, Subcommand};
use contracts::auth::Scope;

use crate::domain::EmailAddress;

/// Settings of the user service. Without a subcommand, it serves as a Lambda function.
#[derive(Debug, Clone, Parser)]
#[command(name = "user", about = "Accounts and tokens", version)]
pub struct Config {
    /// DynamoDB table of accounts, refresh tokens and unpublished events.
    #[arg(long, env = "USER_TABLE")]
    pub user_table: String,

    /// Id, ARN or alias of the KMS key that signs access tokens. An RSA key for signing and verification.
    #[arg(long, env = "TOKEN_SIGNING_KEY_ID")]
    pub token_signing_key_id: String,

    /// Base URL of the discovery document for clients, without a trailing slash. The `iss` of every access token.
    #[arg(long, env = "TOKEN_ISSUER")]
    pub token_issuer: Issuer,

    /// Command to run instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Commands for operators.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Sets the scopes of an account to exactly the given ones.
    ///
    /// Existing access tokens keep their scopes until they expire, after ten minutes at most.
    Grant {
        /// E-mail address of the account.
        #[arg(long)]
        email: EmailAddress,

        /// New scopes, separated by commas: `customer`, `staff`, `admin`.
        #[arg(long, value_delimiter = ',', required = true, value_parser = scope)]
        scopes: Vec<Scope>,
    },
    /// Publishes the contact data of every account again, for a consumer that lost its copy.
    ///
    /// Needs `dynamodb:Scan` on the table. The function's role does not have it.
    Republish {
        /// Maximum number of accounts per second.
        #[arg(long, default_value = "50")]
        per_second: NonZeroU32,
    },
}

/// URL of the token issuer. Kept as text: verifiers compare it byte by byte, and a URL parser might add a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// Returns the URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Issuer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "expected a URL such as https://api.example.com, without a query and without a trailing slash";
        let uri: Uri = text.parse().map_err(|_| EXPECTED)?;
        let valid = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
            && !text.ends_with('/');
        if valid { Ok(Self(text.to_owned())) } else { Err(EXPECTED) }
    }
}

fn scope(text: &str) -> Result<Scope, &'static str> {
    text.parse().map_err(|()| "expected `customer`, `staff` or `admin`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [&str; 7] = [
        "user",
        "--user-table",
        "user",
        "--token-signing-key-id",
        "alias/tokens",
        "--token-issuer",
        "https://shop.test",
    ];

    #[test]
    fn a_subcommand_is_optional() {
        assert!(Config::try_parse_from(COMPLETE).unwrap().command.is_none());
    }

    #[test]
    fn an_issuer_is_a_url_without_query_and_trailing_slash() {
        for invalid in ["shop.test", "https://shop.test/", "https://shop.test?x=1", "ftp://shop.test", ""] {
            assert!(invalid.parse::<Issuer>().is_err(), "{invalid}");
        }
        for valid in ["https://shop.test", "http://localhost:4566/_aws/execute-api/0a1b2c3d/$default"] {
            assert_eq!(valid.parse::<Issuer>().unwrap().as_str(), valid);
        }
    }

    #[test]
    fn scopes_are_separated_by_commas_and_validated() {
        let grant = |scopes| {
            Config::try_parse_from(COMPLETE.into_iter().chain(["grant", "--email", "a@b.example", "--scopes", scopes]))
        };
        let Some(Command::Grant { scopes, .. }) = grant("customer,staff").unwrap().command else {
            panic!("expected the command `grant`")
        };
        assert_eq!(scopes, [Scope::Customer, Scope::Staff]);
        assert!(grant("customer,owner").is_err());
    }

    #[test]
    fn a_rate_of_zero_is_refused() {
        let republish = |rate| Config::try_parse_from(COMPLETE.into_iter().chain(["republish", "--per-second", rate]));
        let Some(Command::Republish { per_second }) = republish("7").unwrap().command else {
            panic!("expected the command `republish`")
        };
        assert_eq!(per_second.get(), 7);
        assert!(republish("0").is_err());
    }
}
