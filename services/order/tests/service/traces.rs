//! Traces: the exported spans, and the independence of requests from the collector.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use contracts::{Event, TraceContext};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rstest::rstest;
use stack::testing::{SpanCollector, hex, span_attribute};
use tokio::net::TcpListener;

use super::harness::{start_process, stock_reserved};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Exports spans after milliseconds instead of seconds.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");

/// Returns the ids of trace and span in a `traceparent`.
fn ids(traceparent: &str) -> (String, String) {
    let mut parts = traceparent.split('-').skip(1).map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

#[tokio::test]
async fn a_request_and_its_effects_are_spans_of_the_clients_trace() {
    let collector = SpanCollector::start().await;
    let service = start_process(&[], &[(ENDPOINT, &collector.url), AT_ONCE]).await;
    let trace = TraceContext::root();
    let (trace_id, clients_span) = ids(&trace.to_string());
    let customer = service.customer().within(trace);
    let order_id = service.placed(&customer).await;

    let (service_name, request) = collector.span(&trace_id, "POST /v1/orders").await;
    assert_eq!((service_name.as_str(), request.kind()), ("order", SpanKind::Server));
    assert_eq!(hex(&request.parent_span_id), clients_span);
    assert_eq!(span_attribute(&request.attributes, "http.response.status_code"), "202");
    let placed = service.events().await.into_iter().find(|it| matches!(it.event, Event::OrderPlaced(_))).unwrap();
    let parent = (trace_id.clone(), hex(&request.span_id));
    assert_eq!(ids(&placed.traceparent.unwrap()), parent, "the request is the parent of its event");

    let trace = TraceContext::root();
    let mut reserved = stock_reserved(order_id, 100);
    reserved.traceparent = Some(trace.to_string());
    service.deliver([reserved.to_json()]).await;
    let (trace_id, products_span) = ids(&trace.to_string());
    let (_, message) = collector.span(&trace_id, "event").await;
    assert_eq!((hex(&message.parent_span_id), message.kind()), (products_span, SpanKind::Consumer));
    let events = service.events().await;
    let requested = events.into_iter().find(|it| matches!(it.event, Event::PaymentRequested(_))).unwrap();
    let parent = (trace_id, hex(&message.span_id));
    assert_eq!(ids(&requested.traceparent.unwrap()), parent, "the message is the parent of its event");
}

#[tokio::test]
async fn the_last_spans_are_exported_before_the_process_ends() {
    let collector = SpanCollector::start().await;
    let late = ("OTEL_BSP_SCHEDULE_DELAY", "600000");
    let service = start_process(&[], &[(ENDPOINT, &collector.url), late]).await;
    let trace = TraceContext::root();
    service.customer().within(trace).get("/v1/cart").await;
    assert_eq!(collector.spans(), [], "the batch is not due");
    service.end().await.unwrap();
    collector.span(&trace.trace_id(), "GET /v1/cart").await;
}

#[tokio::test]
async fn without_a_collector_events_belong_to_the_clients_trace() {
    let service = start_process(&[], &[]).await;
    let trace = TraceContext::root();
    let customer = service.customer().within(trace);
    service.placed(&customer).await;
    let placed = service.events().await.remove(0);
    assert_eq!(ids(&placed.traceparent.unwrap()).0, trace.trace_id());
}

#[rstest]
#[case::closes_connections(false)]
#[case::does_not_respond(true)]
#[tokio::test]
async fn a_collector_outage_delays_no_request_and_not_the_shutdown(#[case] holds_connections: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let exports = Arc::<AtomicUsize>::default();
    tokio::spawn({
        let exports = exports.clone();
        async move {
            let mut held = Vec::new();
            while let Ok((connection, _)) = listener.accept().await {
                exports.fetch_add(1, Ordering::Relaxed);
                if holds_connections {
                    held.push(connection);
                }
            }
        }
    });
    let service = start_process(&[], &[(ENDPOINT, &url), AT_ONCE]).await;
    let customer = service.customer();
    // Until the second export has started: all the time, one is failing or waits for a response.
    while exports.load(Ordering::Relaxed) < 2 {
        let started = Instant::now();
        assert_eq!(customer.get("/v1/cart").await.status, StatusCode::OK);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    let ending = Instant::now();
    service.end().await.unwrap();
    assert!(ending.elapsed() < Duration::from_secs(8), "{:?}", ending.elapsed());
}
