//! How calls reach the processor: deadline, circuit breaker, retries, in this order from the wire outwards.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer, CircuitState};

use super::ProcessorError;
use super::answer::{Failure, FailureBody};
use super::key::AccountKey;
use crate::config::Config;

/// The version of Stripe's API that this service was written against. An account's default may change under it.
const STRIPE_VERSION: &str = "2025-03-31.basil";

/// How long a new connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The one layer that repeats calls: at most twice, after about 0.2 and 0.4 s. What is still unknown after that is
/// resumed by the message's next delivery.
const RETRIES: ExponentialBuilder = ExponentialBuilder::new()
    .with_jitter()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_secs(1))
    .with_max_times(2);

/// One call, as it can be repeated.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: Method,
    path: String,
    form: Vec<(&'static str, String)>,
    idempotency_key: Option<String>,
}

impl Request {
    /// A call that changes something.
    pub(super) fn post(path: impl Into<String>) -> Self {
        Self { method: Method::POST, path: path.into(), form: vec![], idempotency_key: None }
    }

    /// A call that only reads.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), form: vec![], idempotency_key: None }
    }

    /// Adds a form parameter.
    pub(super) fn field(mut self, name: &'static str, value: impl ToString) -> Self {
        self.form.push((name, value.to_string()));
        self
    }

    /// The processor executes calls with the same key once, and repeats its answer for a day.
    pub(super) fn idempotency_key(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }
}

/// An answer from which an outcome may be read.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    replayed: bool,
    body: Vec<u8>,
}

impl Answer {
    /// The success, or the failure that the processor describes.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Result<T, Failure>, ProcessorError> {
        if self.status.is_success() {
            return serde_json::from_slice(&self.body).map(Ok).map_err(ProcessorError::Unreadable);
        }
        // A refusal without a body that can be read comes from something in between; its status says enough.
        Ok(Err(serde_json::from_slice(&self.body).map(|body: FailureBody| body.error).unwrap_or_default()))
    }

    /// The success; a failure is not foreseen.
    pub(super) fn success<T: DeserializeOwned>(&self) -> Result<T, ProcessorError> {
        self.read()?.map_err(|failure| failure.into_error(self.status))
    }

    /// Says that the processor is not well. A stored answer says that it was not, some time ago.
    fn is_outage(&self) -> bool {
        (self.status.is_server_error() && !self.replayed) || self.status == StatusCode::TOO_MANY_REQUESTS
    }

    fn check(self) -> Result<Self, ProcessorError> {
        let Self { status, replayed, .. } = self;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ProcessorError::KeyRefused { status }),
            // 409: another delivery is making the same call at this moment.
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => {
                Err(ProcessorError::Unavailable { status, replayed })
            }
            _ if status.is_server_error() => Err(ProcessorError::Unavailable { status, replayed }),
            _ => Ok(self),
        }
    }
}

/// The way to the processor. Clones share connections and circuit breaker.
#[derive(Clone)]
pub(super) struct Transport {
    wire: Wire,
    key: AccountKey,
    guarded: BoxCloneSyncService<(Request, SecretString), Answer, CircuitBreakerError<reqwest::Error>>,
}

impl Transport {
    pub(super) fn new(config: &Config, key: AccountKey) -> Result<Self, reqwest::Error> {
        let wire = Wire::new(config)?;
        let breaker = CircuitBreakerLayer::builder()
            .name("processor")
            .consecutive_failures(config.processor_breaker_failures.into())
            .wait_duration_in_open(config.processor_breaker_open)
            .permitted_calls_in_half_open(1)
            .failure_classifier(|result: &Result<Answer, reqwest::Error>| match result {
                Ok(answer) => answer.is_outage(),
                Err(_) => true,
            })
            .on_state_transition(|_, to| tracing::warn!(state = name(to), "circuit breaker of the processor"))
            .build()
            .expect("the settings have at least one failure, and the rest is constant");
        let sender = wire.clone();
        let guarded = ServiceBuilder::new()
            .layer(breaker)
            .service(service_fn(move |(request, key)| sender.clone().send(request, key)));
        Ok(Self { wire, key, guarded: BoxCloneSyncService::new(guarded) })
    }

    /// Makes the call until it has an answer that says something, within the bounds of [`RETRIES`].
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, ProcessorError> {
        let key = self.key.current().await?;
        match self.send_with(&key, request).await {
            // The key may have been rotated. What was refused had no effect, so it is sent again as it is.
            Err(refused @ ProcessorError::KeyRefused { status: StatusCode::UNAUTHORIZED }) => {
                let newer = self.key.instead_of(&key).await.ok_or(refused)?;
                self.send_with(&newer, request).await
            }
            answer => answer,
        }
    }

    async fn send_with(&self, key: &SecretString, request: &Request) -> Result<Answer, ProcessorError> {
        (|| self.send_once(key, request))
            .retry(RETRIES)
            .when(ProcessorError::is_transient)
            .notify(|error, delay| {
                let delay_ms = delay.as_millis();
                tracing::info!(error = contracts::error::chain(error), delay_ms, "repeating a call to the processor");
            })
            .await
    }

    async fn send_once(&self, key: &SecretString, request: &Request) -> Result<Answer, ProcessorError> {
        match self.guarded.clone().oneshot((request.clone(), key.clone())).await {
            Ok(answer) => answer.check(),
            Err(CircuitBreakerError::OpenCircuit) => Err(ProcessorError::CircuitOpen),
            Err(CircuitBreakerError::Inner(error)) => Err(ProcessorError::NoAnswer(error)),
        }
    }

    /// Connects; the answer does not matter, nor does a failure.
    pub(super) async fn warm_up(&self) {
        let answer = self.wire.client.get(self.wire.base.clone()).send().await;
        tracing::debug!(reached = answer.is_ok(), "connected to the processor ahead of time");
    }
}

/// One HTTP exchange within the deadline of a call.
#[derive(Clone)]
struct Wire {
    client: Client,
    base: Url,
}

impl Wire {
    fn new(config: &Config) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(config.processor_call_timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, base: config.stripe_api_base.clone() })
    }

    async fn send(self, request: Request, key: SecretString) -> Result<Answer, reqwest::Error> {
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
        let answer = call.send().await?;
        let (status, replayed) = (answer.status(), is_replay(answer.headers()));
        Ok(Answer { status, replayed, body: answer.bytes().await?.to_vec() })
    }
}

fn is_replay(headers: &HeaderMap) -> bool {
    headers.get("Idempotent-Replayed").is_some_and(|value| value == "true")
}

/// A state of the circuit breaker in logs.
const fn name(state: CircuitState) -> &'static str {
    match state {
        CircuitState::Closed => "closed",
        CircuitState::Open => "open",
        CircuitState::HalfOpen => "half open",
    }
}
