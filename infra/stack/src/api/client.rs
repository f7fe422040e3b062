//! An HTTP client of the shop's API that says what it expected when something else comes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Speaks to the front door, as one person or as nobody.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    request: String,
    status: StatusCode,
    body: String,
}

impl Client {
    /// Nobody in particular, at the front door `base`.
    pub fn anonymous(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: None })
    }

    /// The same client with an access token.
    pub fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, |request| request).await
    }

    /// `GET path?query`.
    pub async fn find(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer> {
        self.call(Method::GET, path, |request| request.query(query)).await
    }

    /// `PUT path` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::PUT, path, |request| request.json(body)).await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.call(Method::DELETE, path, |request| request).await
    }

    /// `POST path` with a JSON body and a new `Idempotency-Key`.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let key = Uuid::new_v4().to_string();
        self.call(Method::POST, path, |request| request.header("idempotency-key", key).json(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer> {
        let request = format!("{method} {path}");
        let mut builder = fill(self.http.request(method, format!("{}{path}", self.base)));
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        let response = builder.send().await.with_context(|| format!("{request}: no answer"))?;
        let status = response.status();
        let body = response.text().await.with_context(|| format!("{request}: the answer broke off"))?;
        Ok(Answer { request, status, body })
    }
}

impl Answer {
    /// The body, if the status is `expected` and the body has the shape that is asked for.
    pub fn read<T: DeserializeOwned>(&self, expected: u16) -> Result<T> {
        self.expect(expected)?;
        serde_json::from_str(&self.body)
            .with_context(|| format!("{}: the body is not as expected: {}", self.request, self.body))
    }

    /// An error that tells what came, unless the status is `expected`.
    pub fn expect(&self, expected: u16) -> Result<()> {
        if self.status.as_u16() != expected {
            bail!("{}: expected status {expected}, came {}: {}", self.request, self.status, self.body);
        }
        Ok(())
    }
}

/// Asks again every 100 ms until `probe` has something, an error if that takes longer than `limit`.
///
/// `probe` gives the thing, or what it saw instead, for the error's text.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        match probe().await? {
            Ok(found) => return Ok(found),
            Err(seen) if began.elapsed() > limit => {
                bail!("expected {what} within {} s, but there is: {seen}", limit.as_secs());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
