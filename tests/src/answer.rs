//! What came back over HTTP.

use contracts::{Problem, ProblemType};
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `null` where there is none.
    pub body: Value,
}

impl Answer {
    /// Sends the request. A request without an answer fails the test.
    pub async fn to(request: RequestBuilder) -> Self {
        Self::or_silence(request).await.expect("an answer")
    }

    /// Sends the request; the error is a connection that broke, as a killed process leaves it.
    pub async fn or_silence(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        Ok(Self { status, headers, body })
    }

    /// The body of an answer with this status; any other fails the test and is shown.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:#?}");
        self.body
    }

    /// The problem document of an answer of this type.
    #[track_caller]
    pub fn expect_problem(self, kind: ProblemType) -> Problem {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:#?}");
        let problem: Problem =
            serde_json::from_value(self.body.clone()).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        assert_eq!((problem.kind, problem.status), (kind, self.status.as_u16()), "{self:#?}");
        problem
    }
}
