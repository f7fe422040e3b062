//! Sign-in to RDS by AWS IAM: a token instead of a password. The service generates tokens from its own AWS credentials.
//! They expire after 15 minutes, so that no password is stored or rotated.

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

/// Lifetime of a token: the limit of RDS. Open connections outlive it.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Time between two tokens: early enough for retries before the token expires.
const REFRESH: Duration = Duration::from_secs(10 * 60);
/// Pause after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// Generator of tokens.
#[derive(Debug, Clone)]
pub struct SignIn {
    credentials: SharedCredentialsProvider,
    region: Region,
}

impl SignIn {
    /// Uses the service's own credentials. Fails if there are none, or no Region.
    pub fn new(aws: &SdkConfig) -> anyhow::Result<Self> {
        let credentials = aws.credentials_provider().context("DATABASE_IAM needs AWS credentials")?;
        let region = aws.region().context("DATABASE_IAM needs a Region (AWS_REGION)")?.clone();
        Ok(Self { credentials, region })
    }

    /// Sets a new token for future connections of the pool.
    pub async fn refresh(&self, pool: &PgPool) -> anyhow::Result<()> {
        let credentials = self.credentials.provide_credentials().await.context("no AWS credentials")?;
        let options = (*pool.connect_options()).clone();
        let token = token(&credentials, &self.region, &options, clock::now().into())?;
        pool.set_connect_options(options.password(&token));
        Ok(())
    }

    /// Refreshes the token of the pool until `shutdown`.
    pub async fn keep_fresh(self, pool: PgPool, shutdown: CancellationToken) {
        loop {
            let pause = match self.refresh(&pool).await {
                Ok(()) => REFRESH,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "could not refresh the database token; retrying");
                    RETRY
                }
            };
            if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }
}

/// Generates the token for the host, port and user of `database`: a presigned URL without its scheme, which is never
/// called.
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

    /// Output of botocore's `generate_db_auth_token` for the same input and time.
    const REFERENCE: &str = "shop.abc.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=product&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260921%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20260921T141320Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=session%2Ftoken%2B%3D&X-Amz-Signature=4267ecf3dfff30453cb697a205f5fa183bfdef15b56253f92c423211c6920f80";

    #[test]
    fn a_token_equals_that_of_botocore() {
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

    /// Returns the host and the parameters, sorted: their order does not matter.
    fn parts(token: &str) -> (String, Vec<(String, String)>) {
        let url = Url::parse(&format!("https://{token}")).unwrap();
        let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
        pairs.sort();
        (format!("{}:{:?}", url.host_str().unwrap(), url.port()), pairs)
    }
}
