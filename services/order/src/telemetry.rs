//! Logs: one JSON object a line on standard output. Traces: spans of requests and messages, to a collector if there is one.

use std::{collections::HashMap, time::Duration};

use contracts::TraceContext;
use opentelemetry::{
    propagation::TextMapPropagator,
    trace::{Status, TraceContextExt, TracerProvider},
};
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use reqwest::{Method, StatusCode, Url};
use tracing::{Level, Metadata, Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, filter::FilterFn, fmt, prelude::*};

use crate::otlp;

/// The name of this service in traces.
const SERVICE: &str = env!("CARGO_PKG_NAME");
/// How long the end of the process may wait for the last spans to be taken.
const FLUSH_LIMIT: Duration = Duration::from_secs(3);

/// What sends spans, if there is a collector. Flush it last.
#[derive(Debug)]
pub struct Traces(Option<SdkTracerProvider>);

/// Starts logging of what `filter` lets through, in the syntax of `RUST_LOG`, and, if there is a `collector`, sending of
/// spans. Call it once, first. The error is that the client of the collector cannot be made.
pub fn init(filter: &str, collector: Option<&Url>) -> anyhow::Result<Traces> {
    let logs = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let provider = collector.map(|url| otlp::provider(url, SERVICE)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(FilterFn::new(is_traced).with_max_level_hint(LevelFilter::DEBUG))
    });
    tracing_subscriber::registry().with(logs.with_filter(EnvFilter::new(filter))).with(spans).init();
    Ok(Traces(provider))
}

/// Our own spans; of the events within them, only errors, which mark their span as failed.
fn is_traced(what: &Metadata<'_>) -> bool {
    what.target().starts_with(SERVICE) && (what.is_span() || *what.level() == Level::ERROR)
}

impl Traces {
    /// Sends the spans that are left, within a few seconds.
    pub async fn flush(self) {
        let Some(provider) = self.0 else { return };
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_LIMIT)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the last spans were not sent");
        }
    }
}

/// Begins `span` within the trace that a request or a message came with, or a new one. Within what is returned, work
/// belongs to it: the ids are those of the span, if spans are sent, so that what leaves this service points at it.
pub fn begin(span: &Span, traceparent: Option<&str>) -> TraceContext {
    let context = sent(span, traceparent).unwrap_or_else(|| TraceContext::continued(traceparent));
    span.record("trace_id", context.trace_id());
    context
}

/// The ids of a span that is sent; none if it is not.
fn sent(span: &Span, traceparent: Option<&str>) -> Option<TraceContext> {
    if span.is_disabled() {
        return None;
    }
    if let Some(parent) = traceparent {
        let carrier = HashMap::from([("traceparent".to_owned(), parent.to_owned())]);
        // It fails where no spans are sent.
        span.set_parent(TraceContextPropagator::new().extract(&carrier)).ok()?;
    }
    let context = span.context();
    let ids = context.span().span_context().clone();
    format!("00-{}-{}-{:02x}", ids.trace_id(), ids.span_id(), ids.trace_flags().to_u8()).parse().ok()
}

/// Describes the span of an answered request in OpenTelemetry's words for HTTP.
pub fn describe(span: &Span, method: &Method, route: &str, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.context().span().update_name(format!("{method} {route}"));
    span.set_attribute("http.request.method", method.to_string());
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}
