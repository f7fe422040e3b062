//! Signs in to RDS by AWS IAM: with a token in the place of a password. A token is made here, of the credentials that the
//! service has anyway, and is good for 15 minutes: no password is kept anywhere, and none has to be rotated.

use std::time::{Duration, SystemTime};

use anyhow::Context;
use aws_config::{Region, SdkConfig};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4::SigningParams,
};
use reqwest::Url;
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock;

/// How long RDS takes a token: its own limit. What is connected by then stays connected.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How often there is a new token: early enough for a few failures.
const REFRESH: Duration = Duration::from_secs(10 * 60);
/// How soon a failure is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Makes tokens.
#[derive(Debug, Clone)]
pub struct SignIn {
    credentials: SharedCredentialsProvider,
    region: Region,
}

impl SignIn {
    /// With the service's own credentials. The error is that there are none, or no Region.
    pub fn new(aws: &SdkConfig) -> anyhow::Result<Self> {
        let credentials = aws.credentials_provider().context("DATABASE_IAM needs credentials of AWS")?;
        let region = aws.region().context("DATABASE_IAM needs a Region (AWS_REGION)")?.clone();
        Ok(Self { credentials, region })
    }

    /// Gives a new token to the connections that the pool opens from now on.
    pub async fn refresh(&self, pool: &PgPool) -> anyhow::Result<()> {
        let credentials = self.credentials.provide_credentials().await.context("no credentials of AWS")?;
        let options = (*pool.connect_options()).clone();
        let token = token(&credentials, &self.region, &options, clock::now().into())?;
        pool.set_connect_options(options.password(&token));
        Ok(())
    }

    /// Sees to it that the pool always has a token that is good, until `shutdown`.
    pub async fn keep_fresh(self, pool: PgPool, shutdown: CancellationToken) {
        loop {
            let pause = match self.refresh(&pool).await {
                Ok(()) => REFRESH,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "no token for the database; it is tried again");
                    RETRY
                }
            };
            if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }
}

/// The token for the host, port and user of `database`: the URL of a call that is never made, signed, without its scheme.
fn token(
    credentials: &Credentials,
    region: &Region,
    database: &PgConnectOptions,
    now: SystemTime,
) -> anyhow::Result<String> {
    let mut url = Url::parse(&format!("https://{}:{}/", database.get_host(), database.get_port()))?;
    url.query_pairs_mut().append_pair("Action", "connect").append_pair("DBUser", database.get_username());
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(LIFETIME);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region.as_ref())
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()?;
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(request, &parameters.into())?.into_parts();
    for (name, value) in instructions.params() {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(url.as_str().trim_start_matches("https://").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What botocore's `generate_db_auth_token` makes of the same, at the same moment.
    const REFERENCE: &str = "shop.abc.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=product&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260921%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20260921T141320Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=session%2Ftoken%2B%3D&X-Amz-Signature=4267ecf3dfff30453cb697a205f5fa183bfdef15b56253f92c423211c6920f80";

    #[test]
    fn a_token_is_what_amazons_own_tools_make() {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            Some("session/token+=".to_owned()),
            None,
            "test",
        );
        let database: PgConnectOptions =
            "postgres://product@shop.abc.eu-central-1.rds.amazonaws.com:5432/product".parse().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let token = token(&credentials, &Region::new("eu-central-1"), &database, now).unwrap();
        assert_eq!(parts(&token), parts(REFERENCE));
    }

    /// Host and parameters; their order means nothing.
    fn parts(token: &str) -> (String, Vec<(String, String)>) {
        let url = Url::parse(&format!("https://{token}")).unwrap();
        let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
        pairs.sort();
        (format!("{}:{:?}", url.host_str().unwrap(), url.port()), pairs)
    }
}
