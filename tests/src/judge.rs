//! Outsiders who tell whether it came out right: the card processor's ledger and the mails that were sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Answer, Shop};

/// One line of the processor's ledger.
#[derive(Debug, Clone, Deserialize)]
pub struct LedgerEntry {
    /// The processor's id of the payment.
    pub payment_intent: String,
    /// What happened: `authorized`, `declined`, `captured`, `voided`, `refunded`.
    pub kind: String,
    /// Minor units.
    pub amount: i64,
    /// What payment said about it.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl Shop {
    /// What the processor did for this order, oldest first.
    pub async fn ledger(&self, order_id: &str) -> Vec<LedgerEntry> {
        let url = format!("{}/_simulator/ledger", self.psp);
        let ledger = Answer::to(self.client().get(url)).await.expect(200);
        let entries = ledger["entries"].clone();
        let entries: Vec<LedgerEntry> = serde_json::from_value(entries).expect("a ledger");
        entries.into_iter().filter(|entry| entry.metadata.get("order_id").is_some_and(|id| id == order_id)).collect()
    }

    /// The amounts that are authorised for this order and not voided: what the customer's card is bound to.
    pub async fn live_authorisations(&self, order_id: &str) -> Vec<i64> {
        let ledger = self.ledger(order_id).await;
        let voided = |id: &str| ledger.iter().any(|entry| entry.kind == "voided" && entry.payment_intent == id);
        let authorised = ledger.iter().filter(|entry| entry.kind == "authorized");
        authorised.filter(|entry| !voided(&entry.payment_intent)).map(|entry| entry.amount).collect()
    }

    /// The subjects of the mails to this address whose text names `what`.
    pub async fn mails(&self, address: &str, what: &str) -> Vec<String> {
        let url = format!("{}/_ministack/ses/messages", self.aws);
        let all = Answer::to(self.client().get(url)).await.expect(200);
        let accounts = all["messages"].as_object().expect("mails by account").values();
        let mails = accounts.flat_map(|mails| mails.as_array().expect("a list of mails"));
        let ours = mails.filter(|mail| mail["To"] == json!([address]) && mail["BodyText"].to_string().contains(what));
        ours.map(|mail| mail["Subject"].as_str().expect("a subject").to_owned()).collect()
    }
}

/// The minor units of an order's total.
pub fn total(order: &Value) -> i64 {
    order["total"]["minor"].as_i64().expect("an order has a total")
}
