//! Layers around the routes of every HTTP service: one list, so that all services treat requests alike.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderValue, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, Span, field::Empty};

use super::{method_not_allowed, not_found};
use crate::{Problem, ProblemType, span};

const TRACEPARENT: &str = "traceparent";

/// Properties in which services differ.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Maximum size of a request body, in bytes.
    pub body_limit: usize,
    /// Time after which a request ends with 503. Its effect may still happen: a retry with the same `Idempotency-Key`
    /// returns the outcome.
    pub deadline: Duration,
    /// Maximum number of requests in progress. Further ones are rejected with 503 at once. Health checks are never
    /// rejected: a busy instance is not a failed one.
    pub concurrency: usize,
    /// Whether every request is logged at `info`, or only at `debug`.
    pub access_log: bool,
}

/// Surrounds `routes` with all layers. Unknown paths and methods get problem documents.
pub fn surround(routes: Router, options: Options) -> Router {
    let permits = Arc::new(Semaphore::new(options.concurrency));
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // From innermost to outermost: the size of bodies is limited,
        .layer(DefaultBodyLimit::max(options.body_limit))
        // the time of a request is limited,
        .layer(from_fn_with_state(options.deadline, deadline))
        // a panic becomes a response with 500,
        .layer(CatchPanicLayer::custom(panicked))
        // the number of requests in progress is limited,
        .layer(from_fn_with_state(permits, limit_concurrency))
        // responses are not cached unless the handler allows it,
        .layer(map_response(no_store))
        // and all of this happens in one span, in the client's trace.
        .layer(from_fn_with_state(options.access_log, traced))
}

async fn deadline(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("request timed out");
            unavailable("the request timed out")
        }
    }
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(error = message.unwrap_or("unknown"), "request handler panicked");
    Problem::new(ProblemType::Internal).into_response()
}

async fn limit_concurrency(State(permits): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let is_health_check = request.uri().path().starts_with("/health/");
    let Ok(_permit) = permits.try_acquire_many(u32::from(!is_health_check)) else {
        return unavailable("too many requests are in progress");
    };
    next.run(request).await
}

async fn no_store(mut response: Response) -> Response {
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Runs the request in a span of the client's trace, or of a new one. Logs the route, not the path: ids are separate
/// fields.
async fn traced(State(access_log): State<bool>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", otel.kind = "server", trace_id = Empty, %method, route);
    let traceparent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let context = span::enter(&span, traceparent);
    let started = Instant::now();
    let work = async {
        let response = next.run(request).await;
        let status = response.status().as_u16();
        let duration_ms = started.elapsed().as_millis() as u64;
        if access_log {
            tracing::info!(status, duration_ms, "request completed");
        } else {
            tracing::debug!(status, duration_ms, "request completed");
        }
        span::describe(&Span::current(), method.as_str(), &route, status);
        response
    };
    let mut response = context.scope(work.instrument(span)).await;
    let value = HeaderValue::from_str(&context.to_string()).expect("a traceparent consists of hexadecimal digits");
    response.headers_mut().insert(TRACEPARENT, value);
    response
}

fn unavailable(detail: &'static str) -> Response {
    Problem::new(ProblemType::Unavailable).with_detail(detail).into_response()
}
