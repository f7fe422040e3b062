use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::simulator::{SECRET_KEY, Simulator, entries, payment, read, text};

const CREATE: &str = "/v1/payment_intents";

#[tokio::test]
async fn a_lost_response_is_replayed_for_its_key() {
    let psp = Simulator::start().await;
    psp.fault(json!({ "operation": "create", "kind": "lost_answer" })).await;
    let form = payment("pm_card_visa", "ord_1");
    let lost = psp.form(CREATE, &form).header("idempotency-key", "key").send().await;
    assert!(lost.is_err(), "the connection closes without a response");
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]), "the payment was authorized");

    let again = psp.post_with_key("key", CREATE, &form).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    let (status, intent) = read(again).await;
    let (_, list) = psp.get(CREATE, &[]).await;
    assert_eq!((status, &list["data"]), (200, &json!([intent])));
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn an_error_before_the_effect_changes_nothing() {
    let psp = Simulator::start().await;
    for kind in ["error_500", "rate_limited"] {
        psp.fault(json!({ "operation": "create", "kind": kind })).await;
        let (status, body) = read(psp.post_with_key(kind, CREATE, &payment("pm_card_visa", kind)).await).await;
        let expected = if kind == "error_500" { (500, "api_error") } else { (429, "invalid_request_error") };
        assert_eq!((status, &body["error"]["type"]), (expected.0, &json!(expected.1)));
        assert!(psp.ledger(kind).await.is_empty());
        let retried = psp.post_with_key(kind, CREATE, &payment("pm_card_visa", kind)).await;
        assert_eq!(retried.status(), 200);
        assert_eq!(psp.ledger(kind).await, entries(&[("authorized", 2500)]));
    }
}

#[tokio::test]
async fn an_error_after_the_effect_is_replayed_and_the_intent_exists() {
    let psp = Simulator::start().await;
    psp.fault(json!({ "operation": "create", "kind": "error_500_after" })).await;
    for replayed in [false, true] {
        let failed = psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await;
        assert_eq!(failed.status(), 500);
        assert_eq!(failed.headers().contains_key("idempotent-replayed"), replayed);
    }
    let (_, found) = psp.get("/v1/payment_intents/search", &[("query", "metadata['order_id']:'ord_1'")]).await;
    assert_eq!(found["data"][0]["status"], "requires_capture");
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn a_slow_call_continues_after_the_client_disconnects() {
    let psp = Simulator::start().await;
    psp.fault(json!({ "operation": "create", "kind": "slow", "ms": 400 })).await;
    let form = payment("pm_card_visa", "ord_1");
    let request = psp.form(CREATE, &form).header("idempotency-key", "key");
    assert!(request.timeout(Duration::from_millis(150)).send().await.unwrap_err().is_timeout());
    assert!(psp.ledger("ord_1").await.is_empty());
    let limit = Instant::now() + Duration::from_secs(10);
    let replayed = loop {
        let again = psp.post_with_key("key", CREATE, &form).await;
        if again.status() == 200 {
            break again.headers().contains_key("idempotent-replayed");
        }
        assert_eq!(again.status(), 409);
        assert!(Instant::now() < limit, "the first request did not finish");
    };
    assert!(replayed);
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn a_fault_applies_to_its_operation_and_order_as_often_as_requested() {
    let psp = Simulator::start().await;
    psp.fault(json!({ "operation": "capture", "kind": "error_500", "times": 2, "order_id": "ord_1" })).await;
    let (first, other) = (psp.authorized("ord_1").await, psp.authorized("ord_2").await);
    let capture = async |id: &str| psp.post(&format!("/v1/payment_intents/{id}/capture"), &[]).await.0;
    assert_eq!(capture(&other).await, 200);
    assert_eq!([capture(&first).await, capture(&first).await, capture(&first).await], [500, 500, 200]);
}

#[tokio::test]
async fn faults_can_be_listed_and_cleared() {
    let psp = Simulator::start().await;
    let fault = json!({ "operation": "*", "kind": "rate_limited", "ms": 0, "times": 5 });
    psp.fault(fault.clone()).await;
    assert_eq!(psp.get("/_simulator/faults", &[]).await.1, json!({ "faults": [fault] }));
    assert_eq!(psp.get(CREATE, &[]).await.0, 429);
    assert_eq!(psp.get("/_simulator/faults", &[]).await.1["faults"][0]["times"], 4);
    psp.request(Method::DELETE, "/_simulator/faults").send().await.unwrap();
    assert_eq!(psp.get(CREATE, &[]).await.0, 200);
    let wrong = json!({ "operation": "create", "kind": "explode" });
    let rejected = psp.request(Method::POST, "/_simulator/faults").json(&wrong).send().await.unwrap();
    assert_eq!(rejected.status(), 422);
}

#[tokio::test]
async fn an_intent_can_differ_from_what_was_requested() {
    let psp = Simulator::start().await;
    let form = [("amount", "2500"), ("currency", "eur"), ("capture_method", "manual"), ("metadata[order_id]", "ord_1")];
    for operation in ["create", "confirm"] {
        for (kind, field, wrong) in [
            ("wrong_amount", "amount", json!(2600)),
            ("wrong_currency", "currency", json!("usd")),
            ("automatic_capture", "capture_method", json!("automatic")),
        ] {
            psp.fault(json!({ "operation": operation, "kind": kind })).await;
            let (_, created) = psp.post(CREATE, &form).await;
            assert_eq!(created[field] == wrong, operation == "create", "{operation} {kind}");
            let path = format!("{CREATE}/{}/confirm", text(&created["id"]));
            let (status, confirmed) = psp.post(&path, &[("payment_method", "pm_card_visa")]).await;
            assert_eq!((status, &confirmed[field]), (200, &wrong), "{operation} {kind}");
            let expected = if kind == "automatic_capture" { "succeeded" } else { "requires_capture" };
            assert_eq!(confirmed["status"], expected, "{operation} {kind}");
        }
    }
}

#[tokio::test]
async fn each_operation_has_a_rate_limit_on_demand() {
    let psp = Simulator::start().await;
    let id = psp.authorized("ord_1").await;
    let limited =
        psp.request(Method::PUT, "/_simulator/limits").json(&json!({ "per_second": 1 })).send().await.unwrap();
    assert_eq!(read(limited).await, (200, json!({ "per_second": 1 })));

    let retrieve = || psp.request(Method::GET, &format!("{CREATE}/{id}")).bearer_auth(SECRET_KEY).send();
    let mut refused = None;
    // Two calls may fall into different seconds.
    for _ in 0..100 {
        let response = retrieve().await.unwrap();
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("the limit is exceeded");
    assert_eq!(
        (&refused.headers()["retry-after"], &refused.headers()["stripe-should-retry"]),
        (&"1".parse().unwrap(), &"true".parse().unwrap())
    );
    assert_eq!(psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_2")).await.status(), 200);

    psp.request(Method::PUT, "/_simulator/limits").json(&json!({ "per_second": null })).send().await.unwrap();
    assert_eq!(retrieve().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_rate_limited_response_says_when_to_call_again() {
    let psp = Simulator::start().await;
    psp.fault(json!({ "operation": "create", "kind": "rate_limited", "ms": 6500 })).await;
    let refused = psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "7"));
}

#[tokio::test]
async fn a_read_can_lose_its_response() {
    let psp = Simulator::start().await;
    let id = psp.authorized("ord_1").await;
    psp.fault(json!({ "operation": "retrieve", "kind": "lost_answer", "order_id": "ord_1" })).await;
    let path = format!("/v1/payment_intents/{id}");
    assert!(psp.request(Method::GET, &path).bearer_auth(SECRET_KEY).send().await.is_err());
    assert_eq!(text(&psp.get(&path, &[]).await.1["id"]), id);
}
