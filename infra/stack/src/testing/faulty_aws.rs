use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Aws, start};

/// Failures of DynamoDB that the emulator never has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DynamoDbFault {
    /// `ThrottlingException`: the table has not enough capacity.
    Throttled,
    /// Another transaction is writing the same item.
    TransactionConflict,
}

/// A proxy in front of the emulated AWS, in which the next calls of one action of DynamoDB fail.
#[derive(Debug, Clone)]
pub struct FaultyAws {
    /// The value of `AWS_ENDPOINT_URL`.
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    emulator: String,
    http: reqwest::Client,
    action: &'static str,
    fault: DynamoDbFault,
    failures_left: AtomicUsize,
}

impl FaultyAws {
    /// Starts a proxy in which the next `times` calls of `action`, such as `TransactWriteItems`, have the fault.
    pub async fn start(aws: &Aws, action: &'static str, fault: DynamoDbFault, times: usize) -> Self {
        let shared = Arc::new(Shared {
            emulator: aws.endpoint().to_owned(),
            http: reqwest::Client::builder().no_proxy().build().expect("a client"),
            action,
            fault,
            failures_left: AtomicUsize::new(times),
        });
        let state = shared.clone();
        let url = start("a proxy of the emulated AWS", async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let url = format!("http://{}", listener.local_addr()?);
            let router = Router::new().fallback(handle).with_state(state);
            tokio::spawn(async { axum::serve(listener, router).await });
            Ok(url)
        })
        .await;
        Self { url, shared }
    }

    /// Number of calls that will still fail.
    pub fn failures_left(&self) -> usize {
        self.shared.failures_left.load(Ordering::SeqCst)
    }
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    if target.ends_with(&format!(".{}", shared.action)) {
        let decrement = |left: usize| left.checked_sub(1);
        if shared.failures_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrement).is_ok() {
            return failure(shared.fault, shared.action, &body);
        }
    }
    headers.remove(header::HOST);
    let forwarded = shared.http.request(method, format!("{}{uri}", shared.emulator)).headers(headers).body(body);
    match forwarded.send().await {
        Ok(response) => {
            let (status, mut headers) = (response.status(), response.headers().clone());
            headers.remove(header::TRANSFER_ENCODING);
            (status, headers, response.bytes().await.unwrap_or_default()).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

fn failure(fault: DynamoDbFault, action: &str, body: &Bytes) -> Response {
    let text = match (fault, action) {
        (DynamoDbFault::Throttled, _) => {
            json!({ "__type": "com.amazon.coral.availability#ThrottlingException", "message": "Rate exceeded" })
        }
        (DynamoDbFault::TransactionConflict, "TransactWriteItems") => {
            let request: Value = serde_json::from_slice(body).unwrap_or_default();
            let items = request["TransactItems"].as_array().map_or(0, Vec::len);
            // The conflict is on the last item: the first may be a guard.
            let reasons = (1..=items).map(|item| {
                let code = if item == items { "TransactionConflict" } else { "None" };
                json!({ "Code": code })
            });
            json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled",
                "CancellationReasons": reasons.collect::<Vec<_>>(),
            })
        }
        (DynamoDbFault::TransactionConflict, _) => json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": "conflict",
        }),
    };
    let content_type = (header::CONTENT_TYPE, "application/x-amz-json-1.0");
    (StatusCode::BAD_REQUEST, [content_type], text.to_string()).into_response()
}
