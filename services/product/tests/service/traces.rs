//! Traces: what a collector gets, and that nobody waits for one.

use std::time::{Duration, Instant};

use contracts::{Event, OrderId, TraceContext};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::StatusCode;
use stack::testing::eventually;
use tokio::net::TcpListener;

use super::{
    collector::{Collector, hex, text},
    process::Process,
    support::{Place, SOON, placed, product, stock_up},
};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Sends after milliseconds what would otherwise wait for seconds.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");

/// The trace and the span that a `traceparent` names.
fn ids(traceparent: &str) -> (String, String) {
    let mut parts = traceparent.split('-').skip(1).map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

/// Reads the categories within a trace.
async fn read(process: &Process, trace: TraceContext) {
    let url = format!("{}/v1/categories", process.base().await);
    let answer = reqwest::Client::new().get(url).header("traceparent", trace.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["traceparent"].to_str().unwrap().contains(&trace.trace_id()));
}

#[tokio::test]
async fn a_request_and_a_message_are_spans_of_the_trace_that_they_came_with() {
    let place = Place::new().await;
    stock_up(&place.pool, &[product("assam", "Assam", &[("ASSAM", 500, 3)])]).await;
    let collector = Collector::start().await;
    let process = place.start_process(&[(ENDPOINT, &collector.url), AT_ONCE]).await;

    let trace = TraceContext::root();
    read(&process, trace).await;
    let (trace_id, clients_span) = ids(&trace.to_string());
    let (service, request) = collector.span(&trace_id, "GET /v1/categories").await;
    assert_eq!((service.as_str(), request.kind()), ("product", SpanKind::Server));
    assert_eq!(hex(&request.parent_span_id), clients_span);
    assert_eq!(text(&request.attributes, "http.response.status_code"), "200");

    let trace = TraceContext::root();
    let (trace_id, orders_span) = ids(&trace.to_string());
    let mut order = placed(OrderId::generate(), &[("ASSAM", 2)]);
    order.traceparent = Some(trace.to_string());
    let sqs = aws_sdk_sqs::Client::new(&place.sdk);
    let queue = &place.config.product_inbox_url;
    sqs.send_message().queue_url(queue).message_body(order.to_json()).send().await.unwrap();
    let (_, message) = collector.span(&trace_id, "message").await;
    assert_eq!((hex(&message.parent_span_id), message.kind()), (orders_span, SpanKind::Consumer));
    let answer = eventually("the stock is reserved", SOON, async || {
        let events = place.topic.published().await;
        events.into_iter().find(|envelope| matches!(envelope.event, Event::StockReserved(_)))
    })
    .await;
    assert_eq!(ids(&answer.traceparent.unwrap()), (trace_id, hex(&message.span_id)), "the message is its parent");
}

#[tokio::test]
async fn the_last_spans_are_sent_before_the_process_ends() {
    let (place, collector) = (Place::new().await, Collector::start().await);
    let late = ("OTEL_BSP_SCHEDULE_DELAY", "600000");
    let process = place.start_process(&[(ENDPOINT, &collector.url), late]).await;
    let trace = TraceContext::root();
    read(&process, trace).await;
    assert_eq!(collector.spans(), [], "it is not the time yet");
    process.end().await.unwrap();
    collector.span(&trace.trace_id(), "GET /v1/categories").await;
}

async fn costs_no_request_anything(collector: &str) {
    let place = Place::new().await;
    let process = place.start_process(&[(ENDPOINT, collector), AT_ONCE]).await;
    let outage = "the collector takes no spans; they are lost";
    // At any moment of this, a batch is being refused, or waits for an answer.
    while process.logged(outage).is_empty() {
        let started = Instant::now();
        read(&process, TraceContext::root()).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    assert_eq!(process.logged(outage).len(), 1, "an outage is logged once");
    let ending = Instant::now();
    process.end().await.unwrap();
    assert!(ending.elapsed() < Duration::from_secs(8), "{:?}", ending.elapsed());
}

#[tokio::test]
async fn a_collector_that_refuses_costs_no_request_anything() {
    costs_no_request_anything("http://127.0.0.1:1").await;
}

#[tokio::test]
async fn a_collector_that_hangs_costs_no_request_anything() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    costs_no_request_anything(&format!("http://{}", silent.local_addr().unwrap())).await;
}
