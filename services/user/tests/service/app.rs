//! The service under test, and requests of its clients.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use contracts::{Envelope, Event, auth::Verifier};
use reqwest::Method;
use serde_json::{Value, json};
use stack::testing::Response;
use tokio::net::TcpListener;
use user::{AppState, Config, router};

pub const PASSWORD: &str = "correct horse battery";

/// An instance with its own table and signing key, on a free port.
pub struct App {
    pub state: AppState,
    pub config: Config,
    pub url: String,
    client: reqwest::Client,
}

/// Shorthands for the bodies of this service.
pub trait Body {
    /// Returns a field that is a string.
    fn text(&self, field: &str) -> String;

    /// Returns status and body without the trace id, which differs in every response.
    fn without_trace(&self) -> (StatusCode, Value);
}

impl Body for Response {
    fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {self:?}")).to_owned()
    }

    fn without_trace(&self) -> (StatusCode, Value) {
        let mut body = self.body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("trace_id");
        }
        (self.status, body)
    }
}

impl App {
    pub async fn start() -> Self {
        let aws = stack::testing::aws().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config = Config {
            user_table: aws.create_table("user").await,
            token_signing_key_id: aws.create_signing_key().await,
            token_issuer: url.parse().unwrap(),
            command: None,
        };
        let state = AppState::connect(&config, &aws.sdk_config()).await.unwrap();
        let router = router(state.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { state, config, url, client: reqwest::Client::new() }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        Response::to(request).await
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn register(&self, email: &str) -> Response {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ann", "locale": "en" });
        self.post("/v1/users", body).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Response {
        let body = json!({ "grant_type": "password", "email": email, "password": password });
        self.post("/v1/auth/token", body).await
    }

    pub async fn refresh(&self, token: &str) -> Response {
        self.post("/v1/auth/token", json!({ "grant_type": "refresh_token", "refresh_token": token })).await
    }

    /// Registers and signs in. Returns the tokens.
    pub async fn new_customer(&self, email: &str) -> Response {
        assert_eq!(self.register(email).await.status, 202);
        let tokens = self.sign_in(email, PASSWORD).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        tokens
    }

    pub fn me(&self, method: Method, access_token: &str) -> reqwest::RequestBuilder {
        self.request(method, "/v1/users/me").bearer_auth(access_token)
    }

    pub async fn get_me(&self, access_token: &str) -> Response {
        self.send(self.me(Method::GET, access_token)).await
    }

    pub async fn patch_me(&self, access_token: &str, body: Value) -> Response {
        self.send(self.me(Method::PATCH, access_token).json(&body)).await
    }

    pub async fn delete_me(&self, access_token: &str) -> Response {
        self.send(self.me(Method::DELETE, access_token)).await
    }

    /// Builds the token verifier of other services from the published documents alone.
    pub async fn verifier(&self) -> Verifier {
        let discovery = self.get("/.well-known/openid-configuration").await;
        let jwks_uri = discovery.text("jwks_uri");
        let jwks = self.get(jwks_uri.strip_prefix(&self.url).unwrap()).await;
        Verifier::new(&discovery.text("issuer"), &serde_json::from_value(jwks.body).unwrap())
    }

    /// Returns the events in the outbox, in the order of their ids.
    pub async fn events(&self) -> Vec<Envelope> {
        let mut events = self.state.store.events().await.unwrap();
        events.sort_by_key(|envelope| envelope.id);
        events
    }

    pub async fn event_kinds(&self) -> Vec<&'static str> {
        self.events().await.iter().map(|envelope| short_name(&envelope.event)).collect()
    }
}

fn short_name(event: &Event) -> &'static str {
    event.kind().strip_prefix("shop.user.").and_then(|kind| kind.strip_suffix(".v1")).unwrap_or("unknown")
}

/// Measures the duration of `work`.
pub async fn time<T>(work: impl Future<Output = T>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

/// Returns the median, which a few slow requests on a busy machine do not change.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
