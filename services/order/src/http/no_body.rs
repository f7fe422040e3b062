//! Requests without a body.

use axum::{
    body::HttpBody,
    extract::{FromRequest, Request},
};
use contracts::{Problem, http::Json};
use serde::Deserialize;

/// No body, or an empty JSON object. Any other body is rejected: no field of a client is silently ignored.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !request.body().is_end_stream() {
            let Json(Empty {}) = Json::from_request(request, state).await?;
        }
        Ok(Self)
    }
}
