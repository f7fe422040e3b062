//! The span of a request.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use contracts::http::{trace_as, traceparent};
use tracing::{Instrument, field::Empty};

use crate::telemetry;

/// Middleware, outermost: the request's span, within the trace that it came with or a new one. It is for the collector:
/// where there is none, it costs nothing unless debugging is logged.
pub async fn traced(request: Request, next: Next) -> Response {
    let span = tracing::debug_span!("request", otel.kind = "server", trace_id = Empty);
    let context = telemetry::begin(&span, traceparent(&request));
    if span.is_disabled() {
        return trace_as(context, request, next).await;
    }
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let response = trace_as(context, request, next).instrument(span.clone()).await;
    telemetry::describe(&span, &method, &route, response.status());
    response
}
