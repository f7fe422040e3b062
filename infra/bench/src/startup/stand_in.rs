//! Stand-in for the Lambda Runtime API and for AWS: recorded responses of the emulated AWS, so that the emulator's
//! latency is not part of the measured starts.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    routing::get,
};
use tokio::{
    net::TcpListener,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, unbounded_channel},
    },
};

/// Server for one function process at a time. It runs until the process ends.
#[derive(Debug)]
pub struct StandIn {
    /// Value of `AWS_LAMBDA_RUNTIME_API`, and host of the AWS endpoint.
    pub address: SocketAddr,
    /// Times at which a function requested an event. The first request ends its initialization.
    pub ready: UnboundedReceiver<Instant>,
}

impl StandIn {
    /// Starts on a free port, with responses of the emulator at `emulator`.
    pub async fn start(emulator: &str) -> Result<Self> {
        let (sender, ready) = unbounded_channel();
        // There is never an event: the function waits until it is killed.
        let next = async move || {
            // The receiver is dropped only after a failed measurement.
            let _ = sender.send(Instant::now());
            std::future::pending::<()>().await;
        };
        let http = reqwest::Client::builder().no_proxy().build()?;
        let recorder = Recorder { http, emulator: emulator.to_owned(), recorded: Mutex::default() };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .fallback(replay)
            .with_state(Arc::new(recorder));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let address = listener.local_addr()?;
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, ready })
    }
}

struct Recorder {
    http: reqwest::Client,
    emulator: String,
    recorded: Mutex<HashMap<Request, Recorded>>,
}

/// Method, path, operation (a header in JSON protocols), and body.
type Request = (Method, Uri, Option<HeaderValue>, Bytes);

/// Status, content type, and body.
type Recorded = (StatusCode, [(HeaderName, HeaderValue); 1], Bytes);

/// Forwards the first request of a kind to the emulator. Later ones get its response.
async fn replay(
    State(recorder): State<Arc<Recorder>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<Recorded, (StatusCode, String)> {
    let request = (method.clone(), uri.clone(), headers.get("x-amz-target").cloned(), body.clone());
    let mut recorded = recorder.recorded.lock().await;
    if let Some(known) = recorded.get(&request) {
        return Ok(known.clone());
    }
    headers.remove(header::HOST);
    let forwarded = recorder.http.request(method, format!("{}{uri}", recorder.emulator)).headers(headers).body(body);
    let failed = |error: reqwest::Error| (StatusCode::BAD_GATEWAY, error.to_string());
    let response = forwarded.send().await.map_err(failed)?;
    let json = HeaderValue::from_static("application/json");
    let content_type = response.headers().get(header::CONTENT_TYPE).cloned().unwrap_or(json);
    let (status, body) = (response.status(), response.bytes().await.map_err(failed)?);
    Ok(recorded.entry(request).or_insert((status, [(header::CONTENT_TYPE, content_type)], body)).clone())
}
