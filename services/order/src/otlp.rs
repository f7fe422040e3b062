//! The way of spans to a collector: OTLP over HTTP, in batches, behind the back of all requests. A collector that refuses,
//! hangs or is not there costs spans and nothing else.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context;
use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use reqwest::{Client, Url, redirect};
use tokio::runtime::Handle;

/// How long one batch may take, repetitions included. Spans that come meanwhile wait in a queue; what it has no room for is lost.
const LIMIT: Duration = Duration::from_secs(3);

/// Sends the spans of `service` to the collector at `url`. Sampling and sizes of batches are OpenTelemetry's own settings.
pub fn provider(url: &Url, service: &'static str) -> anyhow::Result<SdkTracerProvider> {
    let client = Client::builder().timeout(LIMIT).redirect(redirect::Policy::none()).build();
    let sender = Sender {
        client: client.context("there is no client for the collector")?,
        runtime: Handle::current(),
        failing: AtomicBool::new(false),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(sender)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", url.as_str().trim_end_matches('/')))
        .with_timeout(LIMIT)
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let resource = Resource::builder().with_service_name(service).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// A client for the thread that batches spans: that thread is none of the runtime's, which the client needs.
#[derive(Debug)]
struct Sender {
    client: Client,
    runtime: Handle,
    /// Whether the last batch was not taken: an outage is logged when it begins and when it ends, not at each batch.
    failing: AtomicBool,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(send(self.client.clone(), request)).await.map_err(HttpError::from).flatten();
        let cause = match &sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        let failed_before = self.failing.swap(cause.is_some(), Ordering::Relaxed);
        match cause {
            Some(cause) if !failed_before => tracing::warn!(cause, "the collector takes no spans; they are lost"),
            None if failed_before => tracing::info!("the collector takes spans again"),
            _ => {}
        }
        sent
    }
}

async fn send(client: Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let response = client.execute(request.try_into()?).await?;
    let status = response.status();
    let mut answer = Response::new(response.bytes().await?);
    *answer.status_mut() = status;
    Ok(answer)
}
