//! Logs: one JSON object per line on standard output. Traces: spans of requests and messages, exported over OTLP/HTTP
//! if there is a collector.

use std::time::Duration;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use reqwest::Url;
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{EnvFilter, filter::FilterFn, fmt, prelude::*};

const SERVICE: &str = env!("CARGO_PKG_NAME");

/// Timeout of one export, retries included, and of the last one before the process ends. Spans of the meantime wait in
/// a bounded queue; an outage of the collector costs spans and nothing else.
const EXPORT_LIMIT: Duration = Duration::from_secs(3);

/// The span exporter, if there is a collector. Flush it last.
#[derive(Debug)]
pub struct Traces(Option<SdkTracerProvider>);

/// Starts logging, filtered by `RUST_LOG` (default: `info`), and the export of spans to `collector`. Call it once,
/// first. Fails if the HTTP client of the exporter cannot be created.
pub fn init(collector: Option<&Url>) -> anyhow::Result<Traces> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let provider = collector.map(exporter).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(FilterFn::new(is_traced).with_max_level_hint(LevelFilter::DEBUG))
    });
    tracing_subscriber::registry().with(logs.with_filter(filter)).with(spans).init();
    Ok(Traces(provider))
}

/// Sampling and batch sizes are OpenTelemetry's own settings.
fn exporter(collector: &Url) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", collector.as_str().trim_end_matches('/')))
        .with_timeout(EXPORT_LIMIT)
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let resource = Resource::builder().with_service_name(SERVICE).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// True for our own spans and, of the events within them, for errors, which mark their span as failed.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let is_ours = [SERVICE, "contracts"].iter().any(|name| metadata.target().starts_with(name));
    is_ours && (metadata.is_span() || *metadata.level() == Level::ERROR)
}

impl Traces {
    /// Exports the remaining spans, within a few seconds.
    pub async fn flush(self) {
        let Some(provider) = self.0 else { return };
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(EXPORT_LIMIT)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the last spans were not exported");
        }
    }
}
