use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::simulator::{Simulator, entries, payment, read};

const CREATE: &str = "/v1/payment_intents";

#[tokio::test]
async fn a_repeated_request_returns_the_first_result() {
    let psp = Simulator::start().await;
    let first = psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await;
    assert!(!first.headers().contains_key("idempotent-replayed"));
    let again = psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(read(first).await, read(again).await);
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn a_decline_is_replayed() {
    let psp = Simulator::start().await;
    let first = psp.post_with_key("key", CREATE, &payment("pm_card_chargeDeclined", "ord_1")).await;
    let again = psp.post_with_key("key", CREATE, &payment("pm_card_chargeDeclined", "ord_1")).await;
    assert_eq!(
        (first.status(), &again.headers()["idempotent-replayed"]),
        (402.try_into().unwrap(), &"true".parse().unwrap())
    );
    assert_eq!(read(first).await, read(again).await);
    assert_eq!(psp.ledger("ord_1").await, entries(&[("declined", 2500)]));
}

#[tokio::test]
async fn a_key_is_valid_for_one_request_only() {
    let psp = Simulator::start().await;
    psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await;
    let (status, other) = read(psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_2")).await).await;
    assert_eq!((status, &other["error"]["type"]), (400, &json!("idempotency_error")));
    let (status, other) = read(psp.post_with_key("key", "/v1/refunds", &[("payment_intent", "pi_1")]).await).await;
    assert_eq!((status, &other["error"]["type"]), (400, &json!("idempotency_error")));
    assert!(psp.ledger("ord_2").await.is_empty());
}

#[tokio::test]
async fn a_request_that_fails_validation_does_not_use_up_its_key() {
    let psp = Simulator::start().await;
    let (status, _) = read(psp.post_with_key("key", CREATE, &[("amount", "500")]).await).await;
    assert_eq!(status, 400);
    let (status, _) = read(psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_second_request_is_rejected_while_the_first_is_running() {
    let psp = Simulator::start().await;
    psp.fault(json!({ "operation": "create", "kind": "slow", "ms": 700 })).await;
    let form = payment("pm_card_visa", "ord_1");
    let mut racing = JoinSet::new();
    for _ in 0..8 {
        let request = psp.form(CREATE, &form).header("idempotency-key", "key");
        racing.spawn(async { read(request.send().await.unwrap()).await });
    }
    let (done, rejected): (Vec<_>, Vec<_>) =
        racing.join_all().await.into_iter().partition(|(status, _)| *status == 200);
    assert_eq!((done.len(), rejected.len()), (1, 7));
    for (status, body) in rejected {
        assert_eq!((status, &body["error"]["code"]), (409, &json!("idempotency_key_in_use")));
    }
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn concurrent_requests_with_one_key_have_one_effect() {
    let psp = Simulator::start().await;
    let form = payment("pm_card_visa", "ord_1");
    let mut racing = JoinSet::new();
    for _ in 0..40 {
        let request = psp.form(CREATE, &form).header("idempotency-key", "key");
        racing.spawn(async { read(request.send().await.unwrap()).await });
    }
    let responses = racing.join_all().await;
    let intents: Vec<&Value> =
        responses.iter().filter(|(status, _)| *status == 200).map(|(_, intent)| intent).collect();
    assert!(!intents.is_empty() && intents.iter().all(|intent| *intent == intents[0]));
    assert!(responses.iter().all(|(status, _)| [200, 409].contains(status)));
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}
