//! Every setting of the service, parsed once, before anything is done. Nothing else reads the environment,
//! but for `RUST_LOG`, which `telemetry` reads.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use std::{fmt, str::FromStr};

use axum::http::Uri;
use clap::{Parser, Subcommand};
use contracts::auth::Scope;

use crate::domain::EmailAddress;

/// The settings of the user function. Without a subcommand it serves as a Lambda function.
#[derive(Debug, Clone, Parser)]
#[command(name = "user", about = "Accounts and tokens", version)]
pub struct Config {
    /// The DynamoDB table of accounts, refresh tokens and events on their way out.
    #[arg(long, env = "USER_TABLE")]
    pub user_table: String,

    /// The KMS key that signs access tokens: its id, ARN or alias. RSA, for signing and verification.
    #[arg(long, env = "TOKEN_SIGNING_KEY_ID")]
    pub token_signing_key_id: String,

    /// The URL that the discovery document hangs below, as clients reach it, without a slash at its end.
    /// It is the `iss` of every access token.
    #[arg(long, env = "TOKEN_ISSUER")]
    pub token_issuer: Issuer,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What an operator does by hand.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Sets what an account may do: exactly the scopes that are given.
    ///
    /// Tokens that exist keep what they have until they expire, ten minutes at most.
    Grant {
        /// The account's e-mail address.
        #[arg(long)]
        email: EmailAddress,

        /// The scopes from now on, separated by commas: `customer`, `staff`, `admin`.
        #[arg(long, value_delimiter = ',', required = true, value_parser = scope)]
        scopes: Vec<Scope>,
    },
}

/// An issuer's URL. Tokens carry exactly this text, and verifiers compare it byte by byte, so that no parser
/// may add a slash to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// The URL as text.
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
            "expected a URL such as https://api.example.com, without query and without a slash at its end";
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
    fn without_a_subcommand_it_serves() {
        assert!(Config::try_parse_from(COMPLETE).unwrap().command.is_none());
    }

    #[test]
    fn an_issuer_must_be_the_exact_text_of_a_url() {
        for wrong in ["shop.test", "https://shop.test/", "https://shop.test?x=1", "ftp://shop.test", ""] {
            assert!(wrong.parse::<Issuer>().is_err(), "{wrong}");
        }
        for right in ["https://shop.test", "http://localhost:4566/_aws/execute-api/0a1b2c3d/$default"] {
            assert_eq!(right.parse::<Issuer>().unwrap().as_str(), right);
        }
    }

    #[test]
    fn scopes_are_separated_by_commas_and_must_be_known() {
        let grant = |scopes| {
            Config::try_parse_from(COMPLETE.into_iter().chain(["grant", "--email", "a@b.example", "--scopes", scopes]))
        };
        let Some(Command::Grant { scopes, .. }) = grant("customer,staff").unwrap().command else {
            panic!("expected a grant")
        };
        assert_eq!(scopes, [Scope::Customer, Scope::Staff]);
        assert!(grant("customer,king").is_err());
    }
}
