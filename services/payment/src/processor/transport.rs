//! Calls to the processor. Four layers, from the outside in: fresh key, retries, circuit breaker, HTTP exchange.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer, CircuitState};

use super::error::ProcessorError;
use super::key::AccountKey;
use super::response::{ApiError, ErrorBody};
use super::timing::Timing;
use crate::config::Config;

/// Version of Stripe's API that this service is written for. Sent with every call, because the account's default may
/// change.
const STRIPE_VERSION: &str = "2025-03-31.basil";

/// Timeout of opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Longest `Retry-After` that is honored.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// The only retry layer: at most two retries, after at most 0.2 and 0.4 s. If the outcome is still unknown, the
/// message's next delivery resumes the call.
const RETRIES: ExponentialBuilder = ExponentialBuilder::new()
    .with_jitter()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_secs(1))
    .with_max_times(2);

/// A call that can be sent repeatedly.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: Method,
    path: String,
    form: Vec<(&'static str, String)>,
    idempotency_key: Option<String>,
    timeout: Option<Duration>,
}

impl Request {
    /// A call that changes an intent.
    pub(super) fn post(path: impl Into<String>) -> Self {
        Self { method: Method::POST, path: path.into(), form: vec![], idempotency_key: None, timeout: None }
    }

    /// A call that only reads.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), form: vec![], idempotency_key: None, timeout: None }
    }

    /// Adds a form parameter.
    pub(super) fn field(mut self, name: &'static str, value: impl ToString) -> Self {
        self.form.push((name, value.to_string()));
        self
    }

    /// Adds an idempotency key: the processor executes calls with the same key once, and replays the response for a
    /// day.
    pub(super) fn idempotency_key(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    /// Sets another timeout than that of the settings.
    pub(super) fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }
}

/// A response that may contain an outcome.
#[derive(Debug)]
pub(super) struct Response {
    pub status: StatusCode,
    replayed: bool,
    should_retry: Option<bool>,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Response {
    /// The success, or the error that the processor describes.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Result<T, ApiError>, ProcessorError> {
        if self.status.is_success() {
            return serde_json::from_slice(&self.body).map(Ok).map_err(ProcessorError::Unreadable);
        }
        // A refusal with an unreadable body comes from a proxy; the status is enough.
        Ok(Err(serde_json::from_slice(&self.body).map(|body: ErrorBody| body.error).unwrap_or_default()))
    }

    /// The success. An error of the API becomes [`ProcessorError::Refused`].
    pub(super) fn success<T: DeserializeOwned>(&self) -> Result<T, ProcessorError> {
        self.read()?.map_err(|error| error.into_processor_error(self.status))
    }

    /// Whether the response counts as a failure for the circuit breaker. A replayed one is about an earlier outage. A
    /// rate limit is of one endpoint, and must not stop the voids.
    fn is_outage(&self) -> bool {
        self.status.is_server_error() && !self.replayed
    }

    fn into_checked(self) -> Result<Self, ProcessorError> {
        let Self { status, replayed, should_retry, retry_after, .. } = self;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ProcessorError::KeyRefused { status }),
            // 409: another delivery makes the same call at this moment. 424: a bank or a network failed.
            StatusCode::CONFLICT | StatusCode::FAILED_DEPENDENCY | StatusCode::TOO_MANY_REQUESTS => {
                Err(ProcessorError::Unavailable { status, replayed, should_retry, retry_after })
            }
            _ if status.is_server_error() => {
                Err(ProcessorError::Unavailable { status, replayed, should_retry, retry_after })
            }
            _ => Ok(self),
        }
    }
}

/// The layers of a call. Clones share connections and circuit breaker.
#[derive(Clone)]
pub(super) struct Transport {
    http: Http,
    key: AccountKey,
    breaker: BoxCloneSyncService<(Request, SecretString), Response, CircuitBreakerError<reqwest::Error>>,
}

impl Transport {
    pub(super) fn new(config: &Config, key: AccountKey, timing: Timing) -> Result<Self, reqwest::Error> {
        let http = Http::new(config)?;
        let breaker = CircuitBreakerLayer::builder()
            .name("processor")
            .consecutive_failures(config.processor_breaker_failures.into())
            .wait_duration_in_open(timing.breaker_open)
            .permitted_calls_in_half_open(1)
            .failure_classifier(|result: &Result<Response, reqwest::Error>| match result {
                Ok(response) => response.is_outage(),
                Err(_) => true,
            })
            .on_state_transition(|_, to| tracing::warn!(state = state_name(to), "circuit breaker of the processor"))
            .build()
            .expect("at least one failure opens the breaker, and the rest is constant");
        let inner = http.clone();
        let breaker = ServiceBuilder::new()
            .layer(breaker)
            .service(service_fn(move |(request, key)| inner.clone().exchange(request, key)));
        Ok(Self { http, key, breaker: BoxCloneSyncService::new(breaker) })
    }

    /// Makes the call with the current key. If the processor refuses it, reads the key again and makes the call once
    /// more.
    pub(super) async fn with_fresh_key(&self, request: &Request) -> Result<Response, ProcessorError> {
        let key = self.key.current().await?;
        match self.with_retries(&key, request).await {
            // The key may have been rotated. The refused call had no effect, so it can be repeated.
            Err(refused @ ProcessorError::KeyRefused { status: StatusCode::UNAUTHORIZED }) => {
                let replacement = self.key.replacement_of(&key).await.ok_or(refused)?;
                self.with_retries(&replacement, request).await
            }
            result => result,
        }
    }

    /// Retries the call within the bounds of [`RETRIES`].
    async fn with_retries(&self, key: &SecretString, request: &Request) -> Result<Response, ProcessorError> {
        (|| self.through_breaker(key, request))
            .retry(RETRIES)
            .when(ProcessorError::is_retryable_at_once)
            .notify(|error, delay| {
                let delay_ms = delay.as_millis();
                tracing::info!(error = contracts::error::chain(error), delay_ms, "retrying a call to the processor");
            })
            .await
    }

    /// Makes the call unless the circuit breaker is open.
    async fn through_breaker(&self, key: &SecretString, request: &Request) -> Result<Response, ProcessorError> {
        match self.breaker.clone().oneshot((request.clone(), key.clone())).await {
            Ok(response) => response.into_checked(),
            Err(CircuitBreakerError::OpenCircuit) => Err(ProcessorError::CircuitOpen),
            Err(CircuitBreakerError::Inner(error)) => Err(ProcessorError::NoResponse(error)),
        }
    }

    /// Opens a connection. The response is ignored, and a failure does not matter.
    pub(super) async fn warm_up(&self) {
        let response = self.http.client.get(self.http.base.clone()).send().await;
        tracing::debug!(reached = response.is_ok(), "opened a connection to the processor");
    }
}

/// HTTP client of the processor's API.
#[derive(Clone)]
struct Http {
    client: Client,
    base: Url,
}

impl Http {
    fn new(config: &Config) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(config.processor_call_timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, base: config.stripe_api_base.clone() })
    }

    /// Sends one request and reads the response, within the call's timeout.
    async fn exchange(self, request: Request, key: SecretString) -> Result<Response, reqwest::Error> {
        let url = format!("{}{}", self.base.as_str().trim_end_matches('/'), request.path);
        let mut call = self
            .client
            .request(request.method.clone(), url)
            .bearer_auth(key.expose_secret())
            .header("Stripe-Version", STRIPE_VERSION);
        if request.method == Method::POST {
            call = call.form(&request.form);
        }
        if let Some(key) = request.idempotency_key {
            call = call.header("Idempotency-Key", key);
        }
        if let Some(timeout) = request.timeout {
            call = call.timeout(timeout);
        }
        let response = call.send().await?;
        let (status, headers) = (response.status(), response.headers());
        let replayed = flag(headers, "Idempotent-Replayed").unwrap_or(false);
        let (should_retry, retry_after) = (flag(headers, "Stripe-Should-Retry"), retry_after(headers));
        Ok(Response { status, replayed, should_retry, retry_after, body: response.bytes().await?.to_vec() })
    }
}

fn flag(headers: &HeaderMap, name: &str) -> Option<bool> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// The time in `Retry-After`. Stripe sends seconds, not a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// Name of the breaker's state in logs.
const fn state_name(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half open",
    }
}
