//! Traces, and outages of the collector.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use contracts::{Event, OrderId, TraceContext};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::StatusCode;
use stack::testing::{ServiceProcess, SpanCollector, eventually, hex, span_attribute};
use tokio::net::TcpListener;

use super::support::{Environment, SOON, placed, product, stock_up};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Exports after milliseconds instead of seconds.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");

/// Returns the ids of the trace and the span in a `traceparent`.
fn ids(traceparent: &str) -> (String, String) {
    let mut parts = traceparent.split('-').skip(1).map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

/// Requests the categories within a trace.
async fn read(process: &ServiceProcess, trace: TraceContext) {
    let url = format!("{}/v1/categories", process.base_url().await);
    let response = reqwest::Client::new().get(url).header("traceparent", trace.to_string()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()["traceparent"].to_str().unwrap().contains(&trace.trace_id()));
}

#[tokio::test]
async fn requests_and_messages_are_spans_of_the_callers_trace() {
    let environment = Environment::new().await;
    stock_up(&environment.pool, &[product("assam", "Assam", &[("ASSAM", 500, 3)])]).await;
    let collector = SpanCollector::start().await;
    let process = environment.start_process(&[(ENDPOINT, &collector.url), AT_ONCE]);

    let trace = TraceContext::root();
    read(&process, trace).await;
    let (trace_id, client_span) = ids(&trace.to_string());
    let (service, request) = collector.span(&trace_id, "GET /v1/categories").await;
    assert_eq!((service.as_str(), request.kind()), ("product", SpanKind::Server));
    assert_eq!(hex(&request.parent_span_id), client_span);
    assert_eq!(span_attribute(&request.attributes, "http.response.status_code"), "200");

    let trace = TraceContext::root();
    let (trace_id, order_span) = ids(&trace.to_string());
    let mut order = placed(OrderId::generate(), &[("ASSAM", 2)]);
    order.traceparent = Some(trace.to_string());
    environment.deliver(&order).await;
    let (_, message) = collector.span(&trace_id, "event").await;
    assert_eq!((hex(&message.parent_span_id), message.kind()), (order_span, SpanKind::Consumer));
    let outcome = eventually("the stock is reserved", SOON, async || {
        let events = environment.topic.published().await;
        events.into_iter().find(|envelope| matches!(envelope.event, Event::StockReserved(_)))
    })
    .await;
    assert_eq!(
        ids(&outcome.traceparent.unwrap()),
        (trace_id, hex(&message.span_id)),
        "the span of the message is the parent"
    );
}

#[tokio::test]
async fn the_last_spans_are_exported_before_the_process_ends() {
    let (environment, collector) = (Environment::new().await, SpanCollector::start().await);
    let late = ("OTEL_BSP_SCHEDULE_DELAY", "600000");
    let process = environment.start_process(&[(ENDPOINT, &collector.url), late]);
    let trace = TraceContext::root();
    read(&process, trace).await;
    assert_eq!(collector.spans(), [], "the batch is not due");
    process.terminate().await.unwrap();
    collector.span(&trace.trace_id(), "GET /v1/categories").await;
}

/// Runs the service with a collector that closes connections or never responds.
async fn run_with_collector_outage(holds_connections: bool) {
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
    let environment = Environment::new().await;
    let process = environment.start_process(&[(ENDPOINT, &url), AT_ONCE]);
    // Until the second export has started: all the time, one is failing or waits for a response.
    while exports.load(Ordering::Relaxed) < 2 {
        let started = Instant::now();
        read(&process, TraceContext::root()).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    let ending = Instant::now();
    process.terminate().await.unwrap();
    assert!(ending.elapsed() < Duration::from_secs(8), "{:?}", ending.elapsed());
}

#[tokio::test]
async fn a_collector_that_closes_connections_delays_no_request_and_not_the_shutdown() {
    run_with_collector_outage(false).await;
}

#[tokio::test]
async fn a_collector_that_does_not_respond_delays_no_request_and_not_the_shutdown() {
    run_with_collector_outage(true).await;
}
