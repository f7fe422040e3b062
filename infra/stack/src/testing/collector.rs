use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::Span,
};
use prost::Message;
use tokio::net::TcpListener;

use super::{eventually, start};

/// An OpenTelemetry collector that keeps the spans that it receives by OTLP over HTTP.
pub struct SpanCollector {
    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub url: String,
    spans: Spans,
}

/// Each span with the name of the service that sent it.
type Spans = Arc<Mutex<Vec<(String, Span)>>>;

impl SpanCollector {
    /// Starts a collector on a free port.
    pub async fn start() -> Self {
        start("a span collector", async {
            let spans = Spans::default();
            let router = Router::new().route("/v1/traces", post(receive)).with_state(spans.clone());
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let url = format!("http://{}", listener.local_addr()?);
            tokio::spawn(async { axum::serve(listener, router).await });
            Ok(Self { url, spans })
        })
        .await
    }

    /// Every span received so far.
    pub fn spans(&self) -> Vec<(String, Span)> {
        self.spans.lock().expect("the lock is not poisoned").clone()
    }

    /// Waits for the span of this trace with this name.
    pub async fn span(&self, trace_id: &str, name: &str) -> (String, Span) {
        let matches = |span: &Span| hex(&span.trace_id) == trace_id && span.name == name;
        let probe = async || self.spans().into_iter().find(|(_, span)| matches(span));
        eventually(&format!("the span `{name}` is sent"), Duration::from_secs(30), probe).await
    }
}

async fn receive(State(spans): State<Spans>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("an OTLP request");
    for of_resource in request.resource_spans {
        let service = span_attribute(&of_resource.resource.unwrap_or_default().attributes, "service.name");
        let received = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        let mut spans = spans.lock().expect("the lock is not poisoned");
        spans.extend(received.map(|span| (service.clone(), span)));
    }
}

/// The value of an attribute, as text.
pub fn span_attribute(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key).and_then(|found| found.value.clone());
    match value.and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// A trace or span id in the format of `traceparent`.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
