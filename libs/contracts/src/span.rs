//! The span of a request or message, tied to its trace.
//!
//! With the feature `otel`, exported spans belong to the caller's trace, and outgoing events name the span as their
//! parent. Without the feature, or without an exporter, the trace is only an id on every log line.

use tracing::Span;

use crate::TraceContext;

/// Starts `span` in the trace of `traceparent`, or in a new one. Run the span's work within [`TraceContext::scope`] of
/// the returned context. The span needs a field `trace_id`, which is recorded here.
pub fn enter(span: &Span, traceparent: Option<&str>) -> TraceContext {
    let context = exported(span, traceparent).unwrap_or_else(|| TraceContext::continued(traceparent));
    span.record("trace_id", context.trace_id());
    context
}

#[cfg(not(feature = "otel"))]
fn exported(_: &Span, _: Option<&str>) -> Option<TraceContext> {
    None
}

/// Returns the ids of an exported span; `None` without an exporter.
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
        // Fails without an exporter.
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
