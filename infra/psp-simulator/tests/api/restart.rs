use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::json;
use uuid::Uuid;

use crate::simulator::{Simulator, entries, payment, read};

const CREATE: &str = "/v1/payment_intents";

/// A journal file that is removed at the end of the test.
struct Journal(PathBuf);

impl Journal {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("psp-simulator-{}", Uuid::new_v4())).join("journal.jsonl"))
    }

    fn path(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = self.0.parent().map(std::fs::remove_dir_all);
    }
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[tokio::test]
async fn a_restart_restores_intents_refunds_keys_and_the_ledger() {
    let journal = Journal::new();
    let psp = Simulator::with(journal.path(), None).await;
    let first = read(psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await).await;
    let declined = read(psp.post_with_key("declined", CREATE, &payment("pm_card_chargeDeclined", "ord_2")).await).await;
    let captured = psp.captured("ord_3").await;
    let (_, refund) = psp.post("/v1/refunds", &[("payment_intent", &captured), ("amount", "700")]).await;
    let before = psp.get("/_simulator/ledger", &[]).await;
    psp.stop().await;

    let psp = Simulator::with(journal.path(), None).await;
    assert_eq!(psp.get("/_simulator/ledger", &[]).await, before);
    let again = psp.post_with_key("key", CREATE, &payment("pm_card_visa", "ord_1")).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(read(again).await, first);
    let again = psp.post_with_key("declined", CREATE, &payment("pm_card_chargeDeclined", "ord_2")).await;
    assert_eq!(read(again).await, declined);
    let (_, refunds) = psp.get("/v1/refunds", &[("payment_intent", &captured)]).await;
    assert_eq!(refunds["data"], json!([refund]));
    let (status, _) = psp.post("/v1/refunds", &[("payment_intent", &captured), ("amount", "1801")]).await;
    assert_eq!(status, 400, "refunds from before the restart count");
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn an_incomplete_last_line_is_truncated() {
    let journal = Journal::new();
    let psp = Simulator::with(journal.path(), None).await;
    psp.authorized("ord_1").await;
    psp.stop().await;
    append(&journal.0, br#"{"change":{"intent":{"id":"pi_incomplete""#);

    let psp = Simulator::with(journal.path(), None).await;
    psp.authorized("ord_2").await;
    psp.stop().await;
    let psp = Simulator::with(journal.path(), None).await;
    assert_eq!(psp.ledger("ord_1").await, entries(&[("authorized", 2500)]));
    assert_eq!(psp.ledger("ord_2").await, entries(&[("authorized", 2500)]));
}

#[tokio::test]
async fn a_damaged_journal_prevents_the_start() {
    let journal = Journal::new();
    let psp = Simulator::with(journal.path(), None).await;
    psp.authorized("ord_1").await;
    psp.stop().await;
    append(&journal.0, b"damaged\n");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = psp_simulator::Settings { secret_key: "sk".into(), journal: journal.path(), webhook: None };
    let error = psp_simulator::serve(listener, settings, std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}
