use std::{collections::HashSet, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use hmac::{Hmac, KeyInit, Mac};
use psp_simulator::Webhook;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::simulator::{Simulator, payment, text};

const SECRET: &str = "whsec_simulated";

/// A webhook receiver and a simulator that posts to it. The receiver responds to the first `rejections` requests with
/// 503.
struct Shop {
    psp: Simulator,
    received: mpsc::UnboundedReceiver<(Value, StatusCode)>,
}

#[derive(Clone)]
struct Receiver {
    posts: mpsc::UnboundedSender<(Value, StatusCode)>,
    rejections: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let header = headers["stripe-signature"].to_str().unwrap();
    let (time, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    mac.verify_slice(&hex::decode(signature).unwrap()).expect("the signature matches the raw body");
    let reject = receiver.rejections.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) > 0;
    let status = if reject { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    receiver.posts.send((serde_json::from_str(&body).unwrap(), status)).unwrap();
    status
}

impl Shop {
    async fn open(rejections: i64) -> Self {
        let (posts, received) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let receiver = Receiver { posts, rejections: std::sync::Arc::new(rejections.into()) };
        let router = Router::new().route("/hooks", post(receive)).with_state(receiver);
        tokio::spawn(async { axum::serve(listener, router).await });
        let psp = Simulator::with(None, Some(Webhook { url, secret: SECRET.to_owned() })).await;
        Self { psp, received }
    }

    async fn next(&mut self) -> (Value, StatusCode) {
        timeout(Duration::from_secs(20), self.received.recv()).await.expect("an event within 20 s").unwrap()
    }

    async fn next_type(&mut self) -> String {
        text(&self.next().await.0["type"])
    }

    async fn set_delivery(&self, delivery: Value) {
        let set = self.psp.request(Method::POST, "/_simulator/webhooks").json(&delivery).send().await.unwrap();
        assert_eq!(set.status(), 200);
    }
}

#[tokio::test]
async fn each_change_sends_a_signed_event() {
    let mut shop = Shop::open(0).await;
    let id = shop.psp.authorized("ord_1").await;
    let (event, _) = shop.next().await;
    assert_eq!(
        (&event["object"], &event["type"]),
        (&json!("event"), &json!("payment_intent.amount_capturable_updated"))
    );
    assert_eq!(
        (&event["data"]["object"]["id"], &event["data"]["object"]["status"]),
        (&json!(id), &json!("requires_capture"))
    );

    shop.psp.post(&format!("/v1/payment_intents/{id}/capture"), &[]).await;
    assert_eq!(shop.next_type().await, "payment_intent.succeeded");
    shop.psp.post("/v1/refunds", &[("payment_intent", &id), ("amount", "600")]).await;
    let (event, _) = shop.next().await;
    let charge = &event["data"]["object"];
    assert_eq!((&event["type"], &charge["payment_intent"]), (&json!("charge.refunded"), &json!(id)));
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(600), &json!(false)));

    shop.psp.pay("pm_card_chargeDeclined", "ord_2").await;
    assert_eq!(shop.next_type().await, "payment_intent.payment_failed");
    let id = shop.psp.authorized("ord_3").await;
    assert_eq!(shop.next_type().await, "payment_intent.amount_capturable_updated");
    shop.psp.post(&format!("/v1/payment_intents/{id}/cancel"), &[]).await;
    assert_eq!(shop.next_type().await, "payment_intent.canceled");
}

#[tokio::test]
async fn a_rejected_event_is_retried_until_accepted() {
    let mut shop = Shop::open(2).await;
    shop.psp.authorized("ord_1").await;
    let attempts = [shop.next().await, shop.next().await, shop.next().await];
    assert_eq!(attempts.each_ref().map(|(_, status)| status.as_u16()), [503, 503, 200]);
    let ids: HashSet<String> = attempts.iter().map(|(event, _)| text(&event["id"])).collect();
    assert_eq!(ids.len(), 1, "each attempt delivers the same event");
}

#[tokio::test]
async fn a_replayed_request_sends_no_event() {
    let mut shop = Shop::open(0).await;
    for _ in 0..2 {
        shop.psp.post_with_key("key", "/v1/payment_intents", &payment("pm_card_visa", "ord_1")).await;
    }
    shop.psp.pay("pm_card_chargeDeclined", "ord_2").await;
    assert_eq!(shop.next_type().await, "payment_intent.amount_capturable_updated");
    assert_eq!(shop.next_type().await, "payment_intent.payment_failed");
}

#[tokio::test]
async fn events_are_duplicated_on_demand() {
    let mut shop = Shop::open(0).await;
    shop.set_delivery(json!({ "mode": "double" })).await;
    shop.psp.authorized("ord_1").await;
    let (first, second) = (shop.next().await.0, shop.next().await.0);
    assert_eq!(first, second);
}

#[tokio::test]
async fn events_are_reordered_on_demand() {
    let mut shop = Shop::open(0).await;
    shop.set_delivery(json!({ "mode": "reorder", "ms": 1500 })).await;
    shop.psp.captured("ord_1").await;
    assert_eq!(shop.next_type().await, "payment_intent.succeeded");
    assert_eq!(shop.next_type().await, "payment_intent.amount_capturable_updated");
}

#[tokio::test]
async fn events_are_delayed_on_demand() {
    let mut shop = Shop::open(0).await;
    shop.set_delivery(json!({ "mode": "late", "ms": 800 })).await;
    shop.psp.authorized("ord_1").await;
    shop.set_delivery(json!({ "mode": "normal" })).await;
    shop.psp.pay("pm_card_chargeDeclined", "ord_2").await;
    assert_eq!(shop.next_type().await, "payment_intent.payment_failed");
    assert_eq!(shop.next_type().await, "payment_intent.amount_capturable_updated");
}
