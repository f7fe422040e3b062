//! What happens around every handler.

use std::{any::Any, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contracts::{Problem, ProblemType, TraceContext};
use tokio::time::{Instant, timeout};
use tracing::Instrument;

/// Below the ten seconds after which Lambda ends the process: a client gets a problem document, not a broken answer.
const DEADLINE: Duration = Duration::from_secs(9);

/// Gives up on a request after [`DEADLINE`].
pub(super) async fn deadline(request: Request, next: Next) -> Response {
    match timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request took too long");
            Problem::new(ProblemType::Unavailable).into_response()
        }
    }
}

/// Answers for a handler that panicked.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let cause = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(cause, "a handler panicked");
    Problem::new(ProblemType::Internal).into_response()
}

/// Answers are somebody's: nobody between keeps them, unless a handler says otherwise.
pub(super) async fn private_by_default(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// One line per request, and the trace id on every line within. The route's pattern, not the path, is logged.
pub(super) async fn log(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", trace_id = TraceContext::current().trace_id(), method = %request.method(), route);
    async move {
        let start = Instant::now();
        let response = next.run(request).await;
        tracing::info!(
            status = response.status().as_u16(),
            elapsed_ms = start.elapsed().as_millis() as u64,
            "answered"
        );
        response
    }
    .instrument(span)
    .await
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn, routing::get};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_problem_that_does_not_tell_its_cause() {
        let router = Router::new()
            .route("/", get(async || -> () { panic!("of a secret") }))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(private_by_default));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.kind, ProblemType::Internal);
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
