//! What surrounds every request.

use std::{any::Any, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contracts::{Problem, ProblemType, TraceContext};
use tracing::Span;

/// How long a request may take. Whoever waits longer has given up.
const LIMIT: Duration = Duration::from_secs(10);

/// Ends a request that takes too long. What it was doing may still have been done: a repetition with the same
/// `Idempotency-Key` finds out.
pub(super) async fn deadline(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ProblemType::Unavailable).with_detail("it took too long").into_response(),
    }
}

/// A bug ends the request that met it, not the process.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let cause = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(cause = cause.unwrap_or("unknown"), "a request's handler panicked");
    Problem::new(ProblemType::Internal).into_response()
}

/// The span of a request. It names the route, not the path: an id belongs into a field of its own.
pub(super) fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let trace_id = TraceContext::current().trace_id();
    tracing::info_span!("request", trace_id, method = %request.method(), route)
}

/// One line for every request.
pub(super) fn log(response: &Response, latency: Duration, _: &Span) {
    tracing::info!(status = response.status().as_u16(), milliseconds = latency.as_millis() as u64, "answered");
}

/// Everything here is somebody's own: no cache between may keep it.
pub(super) async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
