//! Starts a simulator and sends requests to it.

use std::path::PathBuf;

use psp_simulator::{Settings, Webhook, serve};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub const SECRET_KEY: &str = "sk_test_simulated";

/// A running simulator, stopped on drop.
pub struct Simulator {
    pub base_url: String,
    client: Client,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Simulator {
    pub async fn start() -> Self {
        Self::with(None, None).await
    }

    pub async fn with(journal: Option<PathBuf>, webhook: Option<Webhook>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let settings = Settings { secret_key: SECRET_KEY.to_owned(), journal, webhook };
        let shutdown = async move { drop(stopped.await) };
        let running = tokio::spawn(serve(listener, settings, shutdown));
        let client = Client::builder().no_proxy().build().unwrap();
        Self { base_url, client, stop, running }
    }

    /// Stops the simulator as SIGTERM does, and waits until it has stopped.
    pub async fn stop(self) {
        drop(self.client);
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base_url))
    }

    pub fn form(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, path).bearer_auth(SECRET_KEY).form(form)
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        read(self.form(path, form).send().await.unwrap()).await
    }

    pub async fn post_with_key(&self, key: &str, path: &str, form: &[(&str, &str)]) -> Response {
        self.form(path, form).header("idempotency-key", key).send().await.unwrap()
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
        read(self.request(Method::GET, path).query(query).bearer_auth(SECRET_KEY).send().await.unwrap()).await
    }

    /// Creates and confirms an intent with manual capture in one call.
    pub async fn pay(&self, payment_method: &str, order_id: &str) -> (u16, Value) {
        self.post("/v1/payment_intents", &payment(payment_method, order_id)).await
    }

    /// Returns the id of a new authorized intent.
    pub async fn authorized(&self, order_id: &str) -> String {
        let (status, intent) = self.pay("pm_card_visa", order_id).await;
        assert_eq!((status, &intent["status"]), (200, &json!("requires_capture")));
        text(&intent["id"])
    }

    /// Returns the id of a new captured intent.
    pub async fn captured(&self, order_id: &str) -> String {
        let id = self.authorized(order_id).await;
        let (status, _) = self.post(&format!("/v1/payment_intents/{id}/capture"), &[]).await;
        assert_eq!(status, 200);
        id
    }

    pub async fn fault(&self, fault: Value) {
        let added = self.request(Method::POST, "/_simulator/faults").json(&fault).send().await.unwrap();
        assert_eq!(added.status(), 201);
    }

    /// Returns the ledger entries of an order as (kind, amount).
    pub async fn ledger(&self, order_id: &str) -> Vec<(String, i64)> {
        let (_, ledger) = self.get("/_simulator/ledger", &[("order_id", order_id)]).await;
        let entries = ledger["entries"].as_array().unwrap();
        entries.iter().map(|entry| (text(&entry["kind"]), entry["amount"].as_i64().unwrap())).collect()
    }
}

/// Returns the parameters of a payment of 25.00 EUR.
pub fn payment<'a>(payment_method: &'a str, order_id: &'a str) -> [(&'a str, &'a str); 7] {
    [
        ("amount", "2500"),
        ("currency", "eur"),
        ("payment_method", payment_method),
        ("payment_method_types[]", "card"),
        ("capture_method", "manual"),
        ("confirm", "true"),
        ("metadata[order_id]", order_id),
    ]
}

pub async fn read(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub fn entries(entries: &[(&str, i64)]) -> Vec<(String, i64)> {
    entries.iter().map(|(kind, amount)| ((*kind).to_owned(), *amount)).collect()
}
