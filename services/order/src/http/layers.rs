//! What surrounds every request.

use std::{
    any::Any,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contracts::{
    Problem, ProblemType,
    http::{trace_as, traceparent},
};
use tracing::{Instrument, Span, field::Empty};

use crate::telemetry;

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

/// Outermost: the request's span, within the trace that it came with or a new one, and one line in the log for every
/// request. The span names the route, not the path: an id belongs into a field of its own.
pub(super) async fn traced(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", otel.kind = "server", trace_id = Empty, %method, route);
    let context = telemetry::begin(&span, traceparent(&request));
    let started = Instant::now();
    let answered = async {
        let response = trace_as(context, request, next).await;
        let (status, milliseconds) = (response.status(), started.elapsed().as_millis() as u64);
        tracing::info!(status = status.as_u16(), milliseconds, "answered");
        telemetry::describe(&Span::current(), &method, &route, status);
        response
    };
    answered.instrument(span.clone()).await
}

/// Everything here is somebody's own: no cache between may keep it.
pub(super) async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
