//! What happens around every call of Stripe's API: authentication, parameters, faults, idempotency.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{App, Cut};
use crate::{
    clock,
    domain::{
        books::Books,
        command::Command,
        error::{Answer, ApiError},
        params::Params,
    },
    fault::{self, Fault, Operation},
    idempotency::{Begun, Fingerprint},
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

impl IntoResponse for Answer {
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
        Answer::from(self).into_response()
    }
}

/// Any route that there is not.
pub async fn unrecognized(method: Method, uri: Uri) -> ApiError {
    ApiError::unrecognized(method.as_str(), uri.path())
}

/// An authenticated call, its parameters read.
pub struct Call {
    /// From the query string of a `GET`, from the body of a `POST`.
    pub params: Params,
    path: String,
    key: Option<String>,
    cut: Cut,
}

impl FromRequest<App> for Call {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        authenticate(request.headers(), &app.secret_key)?;
        let path = request.uri().path().to_owned();
        let cut = request.extensions().get::<ConnectInfo<Cut>>().map(|info| info.0.clone()).unwrap_or_default();
        let key = request.headers().get(KEY).map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
        let params = if request.method() == Method::GET {
            Params::parse(request.uri().query().unwrap_or_default().as_bytes())
        } else {
            let form = content_type(request.headers()).starts_with("application/x-www-form-urlencoded");
            let body =
                Bytes::from_request(request, app).await.map_err(|_| ApiError::invalid("Invalid request body."))?;
            if !form && !body.is_empty() {
                return Err(ApiError::invalid("Request bodies are form-encoded: application/x-www-form-urlencoded."));
            }
            Params::parse(&body)
        };
        Ok(Self { params, path, key, cut })
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Stripe takes the key as a bearer token, or as the user name of HTTP Basic.
fn authenticate(headers: &HeaderMap, secret_key: &str) -> Result<(), ApiError> {
    let Some(header) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        let message = "You did not provide an API key. Send it as a bearer token, or as the user name of HTTP Basic.";
        return Err(ApiError::unauthorized(message));
    };
    let shown = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.to_owned()),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
            let pair = STANDARD.decode(pair).ok().and_then(|pair| String::from_utf8(pair).ok());
            pair.map(|pair| pair.split(':').next().unwrap_or_default().to_owned())
        }
        _ => None,
    };
    if shown.as_deref() == Some(secret_key) { Ok(()) } else { Err(ApiError::unauthorized("Invalid API Key provided.")) }
}

/// A call that only looks.
pub async fn read(
    app: App,
    call: Call,
    operation: Operation,
    order_id: Option<String>,
    look: impl FnOnce(&Books, &Params) -> Result<Answer, ApiError>,
) -> Response {
    let fault = app.state().faults.take(operation, order_id.as_deref());
    wait_if_slow(fault.as_ref()).await;
    match fault.map(|fault| fault.kind) {
        Some(fault::Kind::Error500 | fault::Kind::Error500After) => return ApiError::internal().into_response(),
        Some(fault::Kind::RateLimited) => return ApiError::rate_limited().into_response(),
        Some(fault::Kind::LostAnswer) => call.cut.cut(),
        Some(fault::Kind::Slow) | None => {}
    }
    look(&app.state().books, &call.params).into_response()
}

/// A call that changes something. It goes on when the client hangs up, as a processor does.
pub async fn change(app: App, call: Call, operation: Operation, command: Result<Command, ApiError>) -> Response {
    let order_id = order_of(&app.state().books, &call, &command);
    let fault = app.state().faults.take(operation, order_id.as_deref());
    let kind = fault.as_ref().map(|fault| fault.kind);
    match kind {
        Some(fault::Kind::Error500) => return ApiError::internal().into_response(),
        Some(fault::Kind::RateLimited) => return ApiError::rate_limited().into_response(),
        _ => {}
    }
    let cut = call.cut.clone();
    let response = match tokio::spawn(execute(app, call, command, fault)).await {
        Ok(executed) => executed.into_response(),
        Err(_) => ApiError::internal().into_response(),
    };
    if kind == Some(fault::Kind::LostAnswer) {
        cut.cut();
    }
    response
}

async fn execute(
    app: App,
    call: Call,
    command: Result<Command, ApiError>,
    fault: Option<Fault>,
) -> Result<Response, ApiError> {
    let command = command?;
    let params = hex::encode(Sha256::digest(call.params.canonical()));
    let key = call.key.map(|key| (key, Fingerprint { path: call.path, params }));
    if let Some((key, request)) = &key
        && let Begun::Replay(first) = app.state().keys.begin(key, request, clock::now())?
    {
        return Ok(([(REPLAYED, "true")], first).into_response());
    }
    wait_if_slow(fault.as_ref()).await;
    let fail = fault.is_some_and(|fault| fault.kind == fault::Kind::Error500After);
    let outbox = app.outbox.clone();
    // The journal waits for the disk: not on a thread that others are served by.
    let executed = tokio::task::spawn_blocking(move || app.state().execute(command, key, fail)).await;
    let (answer, event) = executed.map_err(|_| ApiError::internal())?;
    if let Some(event) = event {
        outbox.send(event);
    }
    Ok(answer.into_response())
}

/// The order that a call is about: faults can be meant for one order only.
fn order_of(books: &Books, call: &Call, command: &Result<Command, ApiError>) -> Option<String> {
    let intent = match command {
        Ok(Command::Create(_)) | Err(_) => return call.params.metadata().ok()?.remove("order_id"),
        Ok(Command::Confirm(it)) => &it.intent,
        Ok(Command::Capture(it)) => &it.intent,
        Ok(Command::Cancel(it)) => &it.intent,
        Ok(Command::Refund(it)) => &it.intent,
    };
    books.intent(intent)?.metadata.get("order_id").cloned()
}

async fn wait_if_slow(fault: Option<&Fault>) {
    if let Some(Fault { kind: fault::Kind::Slow, ms, .. }) = fault {
        tokio::time::sleep(Duration::from_millis(*ms)).await;
    }
}
