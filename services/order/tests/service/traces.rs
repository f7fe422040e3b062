//! Traces: what a collector gets, and that nobody waits for one.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use contracts::{Event, TraceContext};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rstest::rstest;
use tokio::net::TcpListener;

use super::{
    collector::{Collector, hex, text},
    harness::{shop_as_process, stock_reserved},
};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Sends after milliseconds what would otherwise wait for seconds.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");

/// The trace and the span that a `traceparent` names.
fn ids(traceparent: &str) -> (String, String) {
    let mut parts = traceparent.split('-').skip(1).map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

#[tokio::test]
async fn a_request_and_what_it_causes_are_spans_of_the_clients_trace() {
    let collector = Collector::start().await;
    let shop = shop_as_process(&[], &[(ENDPOINT, &collector.url), AT_ONCE]).await;
    let trace = TraceContext::root();
    let (trace_id, clients_span) = ids(&trace.to_string());
    let customer = shop.customer().within(trace);
    let order_id = shop.placed(&customer).await;

    let (service, request) = collector.span(&trace_id, "POST /v1/orders").await;
    assert_eq!((service.as_str(), request.kind()), ("order", SpanKind::Server));
    assert_eq!(hex(&request.parent_span_id), clients_span);
    assert_eq!(text(&request.attributes, "http.response.status_code"), "202");
    let placed = shop.events().await.into_iter().find(|it| matches!(it.event, Event::OrderPlaced(_))).unwrap();
    assert_eq!(
        ids(&placed.traceparent.unwrap()),
        (trace_id.clone(), hex(&request.span_id)),
        "the request is its parent"
    );

    let answer = TraceContext::root();
    let mut reserved = stock_reserved(order_id, 100);
    reserved.traceparent = Some(answer.to_string());
    shop.deliver([reserved.to_json()]).await;
    let (trace_id, products_span) = ids(&answer.to_string());
    let (_, message) = collector.span(&trace_id, "event").await;
    assert_eq!((hex(&message.parent_span_id), message.kind()), (products_span, SpanKind::Consumer));
    let asked = shop.events().await.into_iter().find(|it| matches!(it.event, Event::PaymentRequested(_))).unwrap();
    assert_eq!(ids(&asked.traceparent.unwrap()), (trace_id, hex(&message.span_id)), "the message is its parent");
}

#[tokio::test]
async fn the_last_spans_are_sent_before_the_process_ends() {
    let collector = Collector::start().await;
    let late = ("OTEL_BSP_SCHEDULE_DELAY", "600000");
    let shop = shop_as_process(&[], &[(ENDPOINT, &collector.url), late]).await;
    let trace = TraceContext::root();
    shop.customer().within(trace).get("/v1/cart").await;
    assert_eq!(collector.spans(), [], "it is not the time yet");
    shop.end().await.unwrap();
    collector.span(&trace.trace_id(), "GET /v1/cart").await;
}

#[tokio::test]
async fn without_a_collector_the_clients_trace_goes_on_all_the_same() {
    let shop = shop_as_process(&[], &[]).await;
    let trace = TraceContext::root();
    let customer = shop.customer().within(trace);
    shop.placed(&customer).await;
    let placed = shop.events().await.remove(0);
    assert_eq!(ids(&placed.traceparent.unwrap()).0, trace.trace_id());
}

#[rstest]
#[case::refuses(false)]
#[case::hangs(true)]
#[tokio::test]
async fn a_collector_that_does_not_answer_costs_no_request_anything(#[case] hangs: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _open = hangs.then_some(listener);
    let shop = shop_as_process(&[], &[(ENDPOINT, &url), AT_ONCE]).await;
    let customer = shop.customer();
    let outage = "the collector takes no spans; they are lost";
    // At any moment of this, a batch is being refused, or waits for an answer.
    while shop.process().logged(outage).is_empty() {
        let started = Instant::now();
        assert_eq!(customer.get("/v1/cart").await.status, StatusCode::OK);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    assert_eq!(shop.process().logged(outage).len(), 1, "an outage is logged once");
    let ending = Instant::now();
    shop.end().await.unwrap();
    assert!(ending.elapsed() < Duration::from_secs(8), "{:?}", ending.elapsed());
}
