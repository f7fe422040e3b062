use serde_json::json;
use tokio::task::JoinSet;

use crate::simulator::{Simulator, entries, text};

#[tokio::test]
async fn a_capture_can_be_refunded_in_parts_up_to_its_amount() {
    let psp = Simulator::start().await;
    let id = psp.captured("ord_1").await;
    let intent = ("payment_intent", id.as_str());
    let (status, first) =
        psp.post("/v1/refunds", &[intent, ("amount", "1000"), ("metadata[refund_id]", "rfd_1")]).await;
    assert_eq!((status, &first["object"], &first["status"]), (200, &json!("refund"), &json!("succeeded")));
    assert_eq!((&first["amount"], &first["payment_intent"]), (&json!(1000), &json!(id)));
    let (status, rejected) = psp.post("/v1/refunds", &[intent, ("amount", "1501")]).await;
    assert_eq!((status, &rejected["error"]["param"]), (400, &json!("amount")));
    let (status, rest) = psp.post("/v1/refunds", &[intent]).await;
    assert_eq!((status, &rest["amount"]), (200, &json!(1500)));
    let (status, rejected) = psp.post("/v1/refunds", &[intent]).await;
    assert_eq!((status, &rejected["error"]["code"]), (400, &json!("charge_already_refunded")));

    let path = format!("/v1/refunds/{}", text(&first["id"]));
    assert_eq!(psp.get(&path, &[]).await, (200, first.clone()));
    psp.captured("ord_2").await;
    let (_, list) = psp.get("/v1/refunds", &[intent]).await;
    assert_eq!(list["data"], json!([rest, first]));
    let (_, summary) = psp.get("/_simulator/ledger/summary", &[("order_id", "ord_1")]).await;
    assert_eq!(summary["refunded"], json!({ "count": 2, "amount": 2500 }));
    assert_eq!((&summary["held"], &summary["net"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn only_a_captured_intent_can_be_refunded() {
    let psp = Simulator::start().await;
    let id = psp.authorized("ord_1").await;
    let (status, rejected) = psp.post("/v1/refunds", &[("payment_intent", &id)]).await;
    assert_eq!((status, &rejected["error"]["payment_intent"]["status"]), (400, &json!("requires_capture")));
    let (status, rejected) = psp.post("/v1/refunds", &[("payment_intent", "pi_none")]).await;
    assert_eq!((status, &rejected["error"]["code"]), (400, &json!("resource_missing")));
    let (status, rejected) = psp.post("/v1/refunds", &[("payment_intent", &id), ("amount", "0")]).await;
    assert_eq!((status, &rejected["error"]["param"]), (400, &json!("amount")));
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn concurrent_refunds_never_exceed_the_capture() {
    let psp = Simulator::start().await;
    let id = psp.captured("ord_1").await;
    let mut racing = JoinSet::new();
    for _ in 0..12 {
        let request = psp.form("/v1/refunds", &[("payment_intent", id.as_str()), ("amount", "1000")]);
        racing.spawn(async { request.send().await.unwrap().status().as_u16() });
    }
    let mut statuses = racing.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses[..2], [200, 200]);
    assert!(statuses[2..].iter().all(|&status| status == 400));
    let (_, summary) = psp.get("/_simulator/ledger/summary", &[]).await;
    assert_eq!((&summary["refunded"]["amount"], &summary["net"]), (&json!(2000), &json!(500)));
}
