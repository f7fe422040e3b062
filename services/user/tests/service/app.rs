//! The service under test, and the people who use it.

use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use contracts::{Envelope, Event, auth::Verifier};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use user::{AppState, Config, router};

pub const PASSWORD: &str = "correct horse battery";

/// One instance with a table and a signing key of its own, on a free port.
pub struct App {
    pub state: AppState,
    pub config: Config,
    pub url: String,
    client: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.strip_prefix("urn:shop:problem:")).unwrap_or_default()
    }

    /// The status and body without what differs by nature.
    pub fn visible(&self) -> (u16, Value) {
        let mut body = self.body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("trace_id");
        }
        (self.status, body)
    }

    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {self:?}")).to_owned()
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

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Answer { status, headers, body }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn register(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ann", "locale": "en" });
        self.post("/v1/users", body).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "grant_type": "password", "email": email, "password": password });
        self.post("/v1/auth/token", body).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/auth/token", json!({ "grant_type": "refresh_token", "refresh_token": token })).await
    }

    /// Registers and signs in: the tokens.
    pub async fn new_customer(&self, email: &str) -> Answer {
        assert_eq!(self.register(email).await.status, 202);
        let tokens = self.sign_in(email, PASSWORD).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        tokens
    }

    pub fn me(&self, method: Method, access_token: &str) -> reqwest::RequestBuilder {
        self.request(method, "/v1/users/me").bearer_auth(access_token)
    }

    pub async fn get_me(&self, access_token: &str) -> Answer {
        self.send(self.me(Method::GET, access_token)).await
    }

    pub async fn patch_me(&self, access_token: &str, body: Value) -> Answer {
        self.send(self.me(Method::PATCH, access_token).json(&body)).await
    }

    pub async fn delete_me(&self, access_token: &str) -> Answer {
        self.send(self.me(Method::DELETE, access_token)).await
    }

    /// What any other service would check tokens with: made of nothing but the documents that are served.
    pub async fn verifier(&self) -> Verifier {
        let discovery = self.get("/.well-known/openid-configuration").await;
        let jwks_uri = discovery.text("jwks_uri");
        let jwks = self.get(jwks_uri.strip_prefix(&self.url).unwrap()).await;
        Verifier::new(&discovery.text("issuer"), &serde_json::from_value(jwks.body).unwrap())
    }

    /// The events that were put so far, in the order of their ids.
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
    event.kind().strip_prefix("shop.user.").and_then(|kind| kind.strip_suffix(".v1")).unwrap_or("of another service")
}

/// How long `work` takes.
pub async fn time<T>(work: impl Future<Output = T>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

/// The middle one: a few slow ones on a busy machine do not move it.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
