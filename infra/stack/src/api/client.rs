use std::time::Duration;

use anyhow::Result;
use reqwest::{Method, RequestBuilder, header::HeaderValue};
use serde_json::Value;
use uuid::Uuid;

use super::Response;

/// A client of an HTTP API, with or without an access token.
///
/// Its connections end with the runtime that opened them, so each `#[tokio::test]` needs its own client.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// An anonymous client of the API at `base`.
    pub fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: None })
    }

    /// The same client with an access token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// A request, for [`Response::to`] or [`Response::try_to`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Result<Response> {
        Response::try_to(self.request(Method::GET, path)).await
    }

    /// `PUT path` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Response> {
        Response::try_to(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH path` with a JSON body and `If-Match`.
    pub async fn patch(&self, path: &str, etag: HeaderValue, body: &Value) -> Result<Response> {
        Response::try_to(self.request(Method::PATCH, path).header("if-match", etag).json(body)).await
    }

    /// `POST path` with a JSON body and a new idempotency key.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Response> {
        self.post_with_key(path, &new_key(), body).await
    }

    /// `POST path` with a JSON body and this idempotency key.
    pub async fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Result<Response> {
        Response::try_to(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }
}

/// A new idempotency key.
pub fn new_key() -> String {
    Uuid::new_v4().to_string()
}
