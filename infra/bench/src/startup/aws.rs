//! AWS as programs meet it while they start: the emulator's answers, given again without the time that the emulator
//! takes, which is not theirs.

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
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// A recorder before the emulator. It lives as long as the runtime of this process.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// Its URL, to be used as the emulator's.
    pub endpoint: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    emulator: String,
    answers: Mutex<BTreeMap<String, Answer>>,
    calls: AtomicUsize,
}

impl Recorder {
    /// Starts one before the emulator at `emulator`. The first call of a kind goes through; later ones get its answer.
    pub async fn start(emulator: String) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let shared = Arc::new(Shared { http, emulator, answers: Mutex::default(), calls: AtomicUsize::new(0) });
        let router = Router::new().fallback(replay).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { endpoint, shared })
    }

    /// Forgets the answers, for another program.
    pub fn forget(&self) {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many calls there were since this was asked for the last time.
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

/// JSON protocols name the operation in a header, SNS's in the first field of a form; in others it is the path.
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
) -> reqwest::Result<Answer> {
    headers.remove(header::HOST);
    let answer = shared.http.request(method, format!("{}{uri}", shared.emulator)).headers(headers).body(body);
    let answer = answer.send().await?;
    let status = answer.status();
    let mut headers = answer.headers().clone();
    // They are of the connection, not of the answer.
    for name in [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    Ok(Answer { status, headers, body: answer.bytes().await? })
}
