//! The trace context of a request.

use axum::{extract::Request, http::HeaderValue, middleware::Next, response::Response};

use crate::TraceContext;

const TRACEPARENT: &str = "traceparent";

/// Middleware, outermost: continues the trace that the request names, or begins one; everything within finds it as
/// [`TraceContext::current`]. The response names it too.
pub async fn trace(request: Request, next: Next) -> Response {
    let context = TraceContext::continued(traceparent(&request));
    trace_as(context, request, next).await
}

/// The same in a context that the caller has made: a service that exports spans takes over the ids of the request's.
pub async fn trace_as(context: TraceContext, request: Request, next: Next) -> Response {
    let mut response = context.scope(next.run(request)).await;
    let value = HeaderValue::from_str(&context.to_string()).expect("a traceparent is made of hexadecimal digits");
    response.headers_mut().insert(TRACEPARENT, value);
    response
}

/// The position in a trace that the request came with.
pub fn traceparent(request: &Request) -> Option<&str> {
    request.headers().get(TRACEPARENT)?.to_str().ok()
}
