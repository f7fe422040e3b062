//! A stand-in for an OpenTelemetry collector: takes spans by OTLP over HTTP, and shows them.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::Span,
};
use prost::Message;
use stack::testing::eventually;
use tokio::net::TcpListener;

use super::support::SOON;

/// The collector.
pub struct Collector {
    pub url: String,
    spans: Spans,
}

/// Each span with the name of the service that sent it.
type Spans = Arc<Mutex<Vec<(String, Span)>>>;

impl Collector {
    /// One on a free port.
    pub async fn start() -> Self {
        let spans = Spans::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(spans.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, spans }
    }

    /// What was taken so far.
    pub fn spans(&self) -> Vec<(String, Span)> {
        self.spans.lock().unwrap().clone()
    }

    /// The span of this trace with this name, once it is there.
    pub async fn span(&self, trace_id: &str, name: &str) -> (String, Span) {
        let is_wanted = |span: &Span| hex(&span.trace_id) == trace_id && span.name == name;
        let probe = async || self.spans().into_iter().find(|(_, span)| is_wanted(span));
        eventually(&format!("the span `{name}` is sent"), SOON, probe).await
    }
}

async fn take(State(spans): State<Spans>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    for of_resource in request.resource_spans {
        let service = text(&of_resource.resource.unwrap().attributes, "service.name");
        let taken = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        spans.lock().unwrap().extend(taken.map(|span| (service.clone(), span)));
    }
}

/// An attribute's value, as text.
pub fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key).and_then(|found| found.value.clone());
    match value.and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// An id as a `traceparent` writes it.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
