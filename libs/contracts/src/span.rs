//! The span of a request or message, tied to its trace.
//!
//! With the feature `otel`, spans that are exported keep the caller's trace, and what leaves the process names the span
//! as its parent. Without it, or where nothing is exported, a trace is an id that every log line carries.

use tracing::Span;

use crate::TraceContext;

/// Starts `span` in the trace of `traceparent`, or in a new one. Run the work of the span within
/// [`TraceContext::scope`] of the returned context. The span needs a field `trace_id`, which is recorded here.
pub fn enter(span: &Span, traceparent: Option<&str>) -> TraceContext {
    let context = exported(span, traceparent).unwrap_or_else(|| TraceContext::continued(traceparent));
    span.record("trace_id", context.trace_id());
    context
}

#[cfg(not(feature = "otel"))]
fn exported(_: &Span, _: Option<&str>) -> Option<TraceContext> {
    None
}

/// The ids of a span that is exported; none if nothing exports it.
#[cfg(feature = "otel")]
fn exported(span: &Span, traceparent: Option<&str>) -> Option<TraceContext> {
    use std::collections::HashMap;

    use opentelemetry::{propagation::TextMapPropagator, trace::TraceContextExt};
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    if span.is_disabled() {
        return None;
    }
    if let Some(parent) = traceparent {
        let carrier = HashMap::from([("traceparent".to_owned(), parent.to_owned())]);
        // Fails where no span is exported.
        span.set_parent(TraceContextPropagator::new().extract(&carrier)).ok()?;
    }
    let context = span.context();
    let ids = context.span().span_context().clone();
    format!("00-{}-{}-{:02x}", ids.trace_id(), ids.span_id(), ids.trace_flags().to_u8()).parse().ok()
}

/// Describes the span of an HTTP request by OpenTelemetry's semantic conventions.
#[cfg(feature = "axum")]
pub(crate) fn describe(span: &Span, method: &str, route: &str, status: u16) {
    #[cfg(feature = "otel")]
    {
        use opentelemetry::trace::{Status, TraceContextExt};
        use tracing_opentelemetry::OpenTelemetrySpanExt;

        if span.is_disabled() {
            return;
        }
        span.context().span().update_name(format!("{method} {route}"));
        span.set_attribute("http.request.method", method.to_owned());
        span.set_attribute("http.route", route.to_owned());
        span.set_attribute("http.response.status_code", i64::from(status));
        if status >= 500 {
            span.set_status(Status::error(""));
        }
    }
    #[cfg(not(feature = "otel"))]
    let _ = (span, method, route, status);
}
