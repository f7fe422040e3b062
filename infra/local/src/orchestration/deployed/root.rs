//! Calls as the account's root, by hand: each is made once, and does not pay for compiling another AWS SDK crate.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use stack::emulator;

/// The emulated AWS, to its root.
#[derive(Debug, Clone)]
pub struct Root {
    http: Client,
    endpoint: String,
}

impl Root {
    /// Root of the emulated AWS at `endpoint`.
    pub fn new(endpoint: &str) -> Result<Self> {
        Ok(Self { http: Client::builder().no_proxy().build()?, endpoint: endpoint.to_owned() })
    }

    /// An action of a service that speaks JSON: `target` is what AWS calls it, `AmazonSSM.GetParameter`.
    pub async fn call(&self, service: &str, target: &str, input: Value) -> Result<Value> {
        let request = self.request(Method::POST, "/", service).header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.1").body(input.to_string());
        let body = send(request).await.with_context(|| format!("cannot {target}"))?;
        Ok(serde_json::from_str(&body)?)
    }

    /// Makes a bucket.
    pub async fn make_bucket(&self, name: &str) -> Result<()> {
        send(self.request(Method::PUT, &format!("/{name}"), "s3"))
            .await
            .with_context(|| format!("no bucket {name}"))?;
        Ok(())
    }

    /// Puts an object into a bucket with versions, and returns its version.
    pub async fn put_object(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<String> {
        let request = self.request(Method::PUT, &format!("/{bucket}/{key}"), "s3").body(body);
        let answer = request.send().await?.error_for_status()?;
        let version = answer.headers().get("x-amz-version-id").and_then(|version| version.to_str().ok());
        Ok(version.with_context(|| format!("{key} got no version in {bucket}"))?.to_owned())
    }

    /// Makes a public hosted zone, and returns its id.
    pub async fn make_zone(&self, domain: &str) -> Result<String> {
        let zone = format!(
            r#"<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>{domain}</Name><CallerReference>{domain}</CallerReference></CreateHostedZoneRequest>"#
        );
        let request = self.request(Method::POST, "/2013-04-01/hostedzone", "route53").body(zone);
        let body = send(request).await.with_context(|| format!("no zone {domain}"))?;
        let id =
            body.split_once("/hostedzone/").and_then(|(_, rest)| rest.split_once('<')).map(|(id, _)| id.to_owned());
        id.with_context(|| format!("the zone {domain} got no id: {body}"))
    }

    fn request(&self, method: Method, path: &str, service: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.endpoint))
            .header("authorization", emulator::root_authorization(service))
    }
}

async fn send(request: RequestBuilder) -> Result<String> {
    let response = request.send().await.context("the emulated AWS does not answer")?;
    let (status, body) = (response.status(), response.text().await?);
    ensure!(status.is_success(), "{status}: {body}");
    Ok(body)
}
