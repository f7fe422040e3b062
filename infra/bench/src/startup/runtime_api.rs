//! Stand-in for the Lambda Runtime API: the next event, and the result of an event.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// A call of a function.
#[derive(Debug)]
pub enum Call {
    /// Request for the next event. The first one ends the initialization.
    Next(Instant),
    /// Response to its event.
    Answer(Bytes),
    /// Error of the event or of the initialization.
    Error(Bytes),
}

/// Runtime API for one function process at a time. It runs until the process ends.
#[derive(Debug)]
pub struct RuntimeApi {
    /// Value of `AWS_LAMBDA_RUNTIME_API`.
    pub address: SocketAddr,
    /// Calls of the function, in order.
    pub calls: UnboundedReceiver<Call>,
    event: Arc<Mutex<Option<String>>>,
}

#[derive(Clone)]
struct Shared {
    calls: UnboundedSender<Call>,
    event: Arc<Mutex<Option<String>>>,
}

impl RuntimeApi {
    /// Starts the API on a free port.
    pub async fn start() -> Result<Self> {
        let (sender, calls) = unbounded_channel();
        let event = Arc::new(Mutex::new(None));
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Shared { calls: sender, event: Arc::clone(&event) });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let address = listener.local_addr()?;
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, calls, event })
    }

    /// Sets the response to the next request. Without an event, the request waits.
    pub fn hand_out(&self, event: Option<String>) {
        *self.event.lock().unwrap_or_else(PoisonError::into_inner) = event;
    }
}

async fn next(State(shared): State<Shared>) -> Response {
    // The receiver is dropped only after a failed measurement.
    let _ = shared.calls.send(Call::Next(Instant::now()));
    let event = shared.event.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(event) = event else { return std::future::pending().await };
    let deadline = stack::clock::now() + chrono::TimeDelta::seconds(10);
    let headers = [
        ("lambda-runtime-aws-request-id", "8f7a4f5e-2f0e-4d0c-9d3c-1f5a0b6c7d8e".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.timestamp_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:bench".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers.map(|(name, value)| (HeaderName::from_static(name), value)), event).into_response()
}

async fn answer(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    let _ = shared.calls.send(Call::Answer(body));
    StatusCode::ACCEPTED
}

async fn error(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    let _ = shared.calls.send(Call::Error(body));
    StatusCode::ACCEPTED
}
