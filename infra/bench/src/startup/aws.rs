//! Recorded responses of the emulated AWS, so that the emulator's latency is not part of the measured starts.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

#[derive(Debug, Clone)]
struct Recorded {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Proxy in front of the emulator. It runs until the process ends.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// URL to use instead of the emulator's.
    pub endpoint: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    emulator: String,
    answers: Mutex<BTreeMap<String, Recorded>>,
    calls: AtomicUsize,
}

impl Recorder {
    /// Starts a proxy for the emulator at `emulator`. The first call of a kind is forwarded, later calls get its
    /// response.
    pub async fn start(emulator: String) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let shared = Arc::new(Shared { http, emulator, answers: Mutex::default(), calls: AtomicUsize::new(0) });
        let router = Router::new().fallback(replay).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { endpoint, shared })
    }

    /// Removes the recorded responses, before another program is measured.
    pub fn forget(&self) {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Number of calls since the last call of this method.
    pub fn calls(&self) -> usize {
        self.shared.calls.swap(0, Ordering::Relaxed)
    }
}

async fn replay(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.calls.fetch_add(1, Ordering::Relaxed);
    let key = format!("{method} {uri} {}", operation(&headers, &body));
    let known = shared.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let answer = match known {
        Some(answer) => answer,
        None => match ask(&shared, method, &uri, headers, body).await {
            Ok(answer) => {
                shared.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
                answer
            }
            Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        },
    };
    (answer.status, answer.headers, answer.body).into_response()
}

/// Operation of a call: in a header (JSON protocols), in the first field of a form (SNS), or in the path.
fn operation(headers: &HeaderMap, body: &Bytes) -> String {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let form = || std::str::from_utf8(body).ok().filter(|body| body.starts_with("Action="));
    let action = || form().and_then(|form| form.split('&').next());
    target.or_else(action).unwrap_or_default().to_owned()
}

async fn ask(
    shared: &Shared,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> reqwest::Result<Recorded> {
    headers.remove(header::HOST);
    let answer = shared.http.request(method, format!("{}{uri}", shared.emulator)).headers(headers).body(body);
    let answer = answer.send().await?;
    let status = answer.status();
    let mut headers = answer.headers().clone();
    // Headers of the connection.
    for name in [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    Ok(Recorded { status, headers, body: answer.bytes().await? })
}
