//! Processing common to all calls of Stripe's API: authentication, parameters, faults, idempotency.

use std::{io, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::stream;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    app::AppState,
    clock,
    domain::{
        books::Books,
        command::Command,
        error::{ApiError, ApiResponse},
        params::Params,
    },
    fault::{self, Fault, Operation},
    idempotency::Fingerprint,
};

const FORM: &[u8] = b"application/x-www-form-urlencoded";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

impl IntoResponse for ApiResponse {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.body)).into_response();
        let id = format!("req_{}", Uuid::now_v7().simple());
        response.headers_mut().extend(HeaderValue::try_from(id).map(|id| (REQUEST_ID, id)));
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        ApiResponse::from(self).into_response()
    }
}

/// Answers requests that match no route.
pub(super) async fn unrecognized(method: Method, uri: Uri) -> ApiError {
    ApiError::unrecognized(method.as_str(), uri.path())
}

/// An authenticated request.
pub(super) struct ApiRequest {
    /// Parameters from the query string of a `GET` or the body of a `POST`.
    pub(super) params: Params,
    path: String,
    key: Option<String>,
}

impl FromRequest<AppState> for ApiRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        authenticate(request.headers(), &app.secret_key)?;
        let path = request.uri().path().to_owned();
        let key = request.headers().get(IDEMPOTENCY_KEY);
        let key = key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
        let params = if request.method() == Method::GET {
            Params::parse(request.uri().query().unwrap_or_default().as_bytes())
        } else {
            let content_type = request.headers().get(header::CONTENT_TYPE);
            let form = content_type.is_some_and(|kind| kind.as_bytes().starts_with(FORM));
            let body = Bytes::from_request(request, app).await;
            let body = body.map_err(|_| ApiError::invalid("Invalid request body."))?;
            if !form && !body.is_empty() {
                return Err(ApiError::invalid("Request bodies are form-encoded: application/x-www-form-urlencoded."));
            }
            Params::parse(&body)
        };
        Ok(Self { params, path, key })
    }
}

/// Checks the API key: a bearer token, or the user name of HTTP Basic, as Stripe accepts them.
fn authenticate(headers: &HeaderMap, secret_key: &str) -> Result<(), ApiError> {
    let Some(header) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        let message = "You did not provide an API key. Send it as a bearer token, or as the user name of HTTP Basic.";
        return Err(ApiError::unauthorized(message));
    };
    let key = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.to_owned()),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
            let pair = STANDARD.decode(pair).ok().and_then(|pair| String::from_utf8(pair).ok());
            pair.map(|pair| pair.split(':').next().unwrap_or_default().to_owned())
        }
        _ => None,
    };
    if key.as_deref() == Some(secret_key) { Ok(()) } else { Err(ApiError::unauthorized("Invalid API Key provided.")) }
}

/// Handles a request that changes nothing.
pub(super) async fn read(
    app: AppState,
    request: ApiRequest,
    operation: Operation,
    order_id: Option<String>,
    query: impl FnOnce(&Books, &Params) -> Result<ApiResponse, ApiError>,
) -> Response {
    let fault = match admit(&app, operation, order_id.as_deref()) {
        Ok(fault) => fault,
        Err(refusal) => return *refusal,
    };
    wait_if_slow(fault.as_ref()).await;
    match fault.map(|fault| fault.kind) {
        Some(fault::Kind::Error500After) => ApiError::internal().into_response(),
        Some(fault::Kind::LostAnswer) => lost_response(),
        _ => query(&app.processor().books, &request.params).into_response(),
    }
}

/// Handles a request that changes something. Execution continues if the client disconnects.
pub(super) async fn write(
    app: AppState,
    request: ApiRequest,
    operation: Operation,
    command: Result<Command, ApiError>,
) -> Response {
    let order_id = order_id(&app.processor().books, &request, &command);
    let fault = match admit(&app, operation, order_id.as_deref()) {
        Ok(fault) => fault,
        Err(refusal) => return *refusal,
    };
    let kind = fault.as_ref().map(|fault| fault.kind);
    let executed = tokio::spawn(execute(app, request, command, fault)).await;
    if kind == Some(fault::Kind::LostAnswer) {
        return lost_response();
    }
    executed.unwrap_or_else(|_| Err(ApiError::internal())).into_response()
}

/// Refuses a call that exceeds the rate limit, or whose fault precedes any effect. Otherwise returns its fault.
fn admit(app: &AppState, operation: Operation, order_id: Option<&str>) -> Result<Option<Fault>, Box<Response>> {
    let mut processor = app.processor();
    if !processor.limits.admits(operation, clock::now()) {
        return Err(rate_limited(1).into());
    }
    match processor.faults.take(operation, order_id) {
        Some(Fault { kind: fault::Kind::Error500, .. }) => Err(Box::new(ApiError::internal().into_response())),
        Some(Fault { kind: fault::Kind::RateLimited, ms, .. }) => Err(rate_limited(ms.div_ceil(1000)).into()),
        fault => Ok(fault),
    }
}

/// A 429 as Stripe sends it, with `Retry-After` if `seconds` is not 0.
fn rate_limited(seconds: u64) -> Response {
    let mut response = ([(SHOULD_RETRY, "true")], ApiError::rate_limited()).into_response();
    if seconds > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Returns a response whose body fails before the first byte of the response is sent, which makes the server close the
/// connection.
fn lost_response() -> Response {
    let error = io::Error::from(io::ErrorKind::ConnectionAborted);
    Body::from_stream(stream::iter([Err::<Bytes, _>(error)])).into_response()
}

async fn execute(
    app: AppState,
    request: ApiRequest,
    command: Result<Command, ApiError>,
    fault: Option<Fault>,
) -> Result<Response, ApiError> {
    let command = command?;
    let expand = request.params.expands_charge();
    let params = hex::encode(Sha256::digest(request.params.canonical()));
    let key = request.key.map(|key| (key, Fingerprint { path: request.path, params }));
    if let Some((key, fingerprint)) = &key
        && let Some(first) = app.processor().keys.begin(key, fingerprint, clock::now())?
    {
        return Ok(([(REPLAYED, "true")], first).into_response());
    }
    wait_if_slow(fault.as_ref()).await;
    let kind = fault.map(|fault| fault.kind);
    let webhooks = app.webhooks.clone();
    // The journal syncs to disk, which must not block a thread of the async runtime.
    let executed = tokio::task::spawn_blocking(move || app.processor().execute(command, key, kind, expand)).await;
    let (response, event) = executed.map_err(|_| ApiError::internal())?;
    if let Some(event) = event {
        webhooks.send(event);
    }
    Ok(response.into_response())
}

/// Returns the order that a request is about, which a fault may be limited to.
fn order_id(books: &Books, request: &ApiRequest, command: &Result<Command, ApiError>) -> Option<String> {
    match command {
        Ok(Command::Create(_)) | Err(_) => request.params.metadata().ok()?.remove("order_id"),
        Ok(Command::Confirm { intent, .. } | Command::Capture { intent, .. } | Command::Cancel { intent, .. }) => {
            books.order_id(intent)
        }
        Ok(Command::Refund(refund)) => books.order_id(&refund.intent),
    }
}

async fn wait_if_slow(fault: Option<&Fault>) {
    if let Some(Fault { kind: fault::Kind::Slow, ms, .. }) = fault {
        tokio::time::sleep(Duration::from_millis(*ms)).await;
    }
}
