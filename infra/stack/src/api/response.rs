use anyhow::{Context, Result, ensure};
use contracts::{Problem, ProblemType};
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An HTTP response with its body.
///
/// The methods that panic, with the response in the message, are for tests.
#[derive(Debug, Clone)]
pub struct Response {
    /// Method and path, for messages.
    pub request: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body; `null` if it is empty, a string if it is not JSON.
    pub body: Value,
}

impl Response {
    /// Sends the request. Fails if the connection breaks.
    pub async fn try_to(request: RequestBuilder) -> Result<Self> {
        let (client, request) = request.build_split();
        let request = request?;
        let described = format!("{} {}", request.method(), request.url().path());
        let response = client.execute(request).await.with_context(|| format!("{described}: no response"))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.with_context(|| format!("{described}: the response is incomplete"))?;
        let body = match text.is_empty() {
            true => Value::Null,
            false => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        };
        Ok(Self { request: described, status, headers, body })
    }

    /// Sends the request. A broken connection fails the test.
    pub async fn to(request: RequestBuilder) -> Self {
        Self::try_to(request).await.expect("a response")
    }

    /// Fails with the response in the message unless its status is `status`.
    pub fn ensure(&self, status: u16) -> Result<()> {
        let Self { request, status: actual, body, .. } = self;
        ensure!(actual.as_u16() == status, "{request}: expected status {status}, got {actual}: {body}");
        Ok(())
    }

    /// The body as a `T`. Fails unless the status is `status`.
    pub fn json<T: DeserializeOwned>(&self, status: u16) -> Result<T> {
        self.ensure(status)?;
        serde_json::from_value(self.body.clone())
            .with_context(|| format!("{}: unexpected body {}", self.request, self.body))
    }

    /// The value of a header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body. Panics unless the status is `status`.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:#?}");
        self.body
    }

    /// Panics unless it is a problem with this status and this name, such as `not-found`.
    #[track_caller]
    pub fn is_problem(&self, status: u16, name: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:#?}");
        assert_eq!(self.body["type"], format!("urn:shop:problem:{name}"), "{self:#?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:#?}");
    }

    /// The problem. Panics unless it is of this type.
    #[track_caller]
    pub fn expect_problem(self, kind: ProblemType) -> Problem {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:#?}");
        let problem = self.json::<Problem>(self.status.as_u16()).expect("a problem");
        assert_eq!((problem.kind, problem.status), (kind, self.status.as_u16()), "{self:#?}");
        problem
    }

    /// The names of the invalid fields in a problem.
    pub fn wrong_fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| error["field"].as_str()).collect()
    }
}
