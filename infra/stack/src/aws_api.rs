//! AWS APIs of the emulator, called as the account's root without a signature. SDK crates take minutes to compile, for
//! a few calls each.

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::emulator;

/// A client of an emulated AWS, as the account's root.
#[derive(Debug, Clone)]
pub struct AwsApi {
    http: Client,
    endpoint: String,
}

impl AwsApi {
    /// A client of the emulated AWS at `endpoint`.
    pub fn new(endpoint: &str) -> Result<Self> {
        Ok(Self { http: Client::builder().no_proxy().build()?, endpoint: endpoint.to_owned() })
    }

    /// A client of the emulated AWS that `config` names.
    pub fn of(config: &SdkConfig) -> Result<Self> {
        Self::new(config.endpoint_url().context("the configuration names no emulated AWS")?)
    }

    /// Calls an action of a service with a JSON protocol. Example of `target`: `AmazonSSM.GetParameter`.
    pub async fn json(&self, service: &str, target: &str, input: &Value) -> Result<Value> {
        let request = self.request(Method::POST, "/", service).header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.1").body(input.to_string());
        let body = send(request).await.with_context(|| format!("{target} failed"))?;
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(&body)? })
    }

    /// The same, with `None` in place of the error `code`.
    pub async fn json_unless(&self, code: &str, service: &str, target: &str, input: &Value) -> Result<Option<Value>> {
        match self.json(service, target, input).await {
            Err(error) if format!("{error:#}").contains(code) => Ok(None),
            output => Ok(Some(output?)),
        }
    }

    /// Calls an action of a service with a REST protocol.
    pub async fn rest(&self, service: &str, method: Method, path: &str, input: &Value) -> Result<Value> {
        let mut request = self.request(method.clone(), path, service);
        if !input.is_null() {
            request = request.json(input);
        }
        let body = send(request).await.with_context(|| format!("{method} {path} of {service} failed"))?;
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(&body)? })
    }

    /// Gets a resource of a service with a REST protocol. `None` if it does not exist.
    pub async fn find(&self, service: &str, path: &str) -> Result<Option<Value>> {
        let response = self.request(Method::GET, path, service).send().await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let body = body(response).await.with_context(|| format!("GET {path} of {service} failed"))?;
        Ok(Some(serde_json::from_str(&body)?))
    }

    /// Calls an action of a service with the query protocol, and returns the XML.
    pub async fn query(&self, service: &str, version: &str, action: &str, input: &[(&str, &str)]) -> Result<String> {
        let form: Vec<_> = [("Action", action), ("Version", version)].iter().chain(input).copied().collect();
        send(self.request(Method::POST, "/", service).form(&form)).await.with_context(|| format!("{action} failed"))
    }

    /// Creates a bucket, unless it exists.
    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        let created = send(self.request(Method::PUT, &format!("/{name}"), "s3")).await;
        created.with_context(|| format!("cannot create the bucket {name}"))?;
        Ok(())
    }

    /// Writes an object, and returns its version if the bucket is versioned.
    pub async fn put_object(&self, bucket: &str, key: &str, content: Vec<u8>) -> Result<Option<String>> {
        let request = self.request(Method::PUT, &format!("/{bucket}/{key}"), "s3").body(content);
        let response = request.send().await?.error_for_status()?;
        let version = response.headers().get("x-amz-version-id").and_then(|version| version.to_str().ok());
        Ok(version.map(str::to_owned))
    }

    /// Deletes an object.
    pub async fn delete_object(&self, bucket: &str, key: &str) -> Result<()> {
        send(self.request(Method::DELETE, &format!("/{bucket}/{key}"), "s3")).await?;
        Ok(())
    }

    /// Creates a public hosted zone, and returns its id.
    pub async fn create_zone(&self, domain: &str) -> Result<String> {
        let namespace = "https://route53.amazonaws.com/doc/2013-04-01/";
        let zone = format!("<Name>{domain}</Name><CallerReference>{domain}</CallerReference>");
        let zone = format!(r#"<CreateHostedZoneRequest xmlns="{namespace}">{zone}</CreateHostedZoneRequest>"#);
        let xml = send(self.request(Method::POST, "/2013-04-01/hostedzone", "route53").body(zone)).await;
        let xml = xml.with_context(|| format!("cannot create the zone {domain}"))?;
        let id = elements(&xml, "Id").into_iter().find_map(|id| id.strip_prefix("/hostedzone/"));
        Ok(id.with_context(|| format!("the zone {domain} has no id: {xml}"))?.to_owned())
    }

    fn request(&self, method: Method, path: &str, service: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.endpoint));
        request.header("authorization", emulator::root_authorization(service))
    }
}

/// The string in a field of an object that AWS returned.
pub fn text(object: &Value, field: &str) -> Result<String> {
    Ok(object[field].as_str().with_context(|| format!("AWS returned no {field}: {object}"))?.to_owned())
}

/// The contents of all elements `name`, in order. The emulator writes elements without attributes.
pub fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split_once(&close)).map(|(content, _)| content).collect()
}

async fn send(request: RequestBuilder) -> Result<String> {
    body(request.send().await.context("the emulated AWS does not respond")?).await
}

async fn body(response: reqwest::Response) -> Result<String> {
    let (status, body) = (response.status(), response.text().await?);
    ensure!(status.is_success(), "{status}: {body}");
    Ok(body)
}
