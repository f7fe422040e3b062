//! The trace context of a request.

use axum::{extract::Request, http::HeaderValue, middleware::Next, response::Response};

use crate::TraceContext;

const TRACEPARENT: &str = "traceparent";

/// Middleware, outermost: continues the trace that the request names, or begins one; everything within finds it as
/// [`TraceContext::current`]. The response names it too.
pub async fn trace(request: Request, next: Next) -> Response {
    let context = TraceContext::continued(request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok()));
    let mut response = context.scope(next.run(request)).await;
    let value = HeaderValue::from_str(&context.to_string()).expect("a traceparent is made of hexadecimal digits");
    response.headers_mut().insert(TRACEPARENT, value);
    response
}
