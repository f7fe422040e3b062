use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::Client;

/// The control API of the card processor simulator: its ledger, and the faults that it injects.
#[derive(Debug, Clone)]
pub struct Processor(Client);

/// An entry of the ledger.
#[derive(Debug, Clone, Deserialize)]
pub struct LedgerEntry {
    pub time: DateTime<Utc>,
    /// The processor's id of the payment.
    pub payment_intent: String,
    /// `authorized`, `declined`, `captured`, `voided` or `refunded`.
    pub kind: String,
    /// In minor units.
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl Processor {
    /// The simulator at `url`.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self(Client::new(&format!("{url}/_simulator"))?))
    }

    /// Injects a fault: `{"operation": "create", "kind": "error_500", "times": 1}`, also with `order_id` and `ms`.
    pub async fn inject(&self, fault: &Value) -> Result<()> {
        let response = self.0.post("/faults", fault).await?;
        anyhow::ensure!(response.status.is_success(), "{response:?}");
        Ok(())
    }

    /// The entries of an order, oldest first.
    pub async fn ledger(&self, order_id: impl ToString) -> Result<Vec<LedgerEntry>> {
        #[derive(Deserialize)]
        struct Ledger {
            entries: Vec<LedgerEntry>,
        }
        let ledger: Ledger = self.0.get(&format!("/ledger?order_id={}", order_id.to_string())).await?.json(200)?;
        Ok(ledger.entries)
    }

    /// The amounts of an order that are authorized and not voided.
    pub async fn live_authorizations(&self, order_id: impl ToString) -> Result<Vec<i64>> {
        let ledger = self.ledger(order_id).await?;
        let voided = |id: &str| ledger.iter().any(|entry| entry.kind == "voided" && entry.payment_intent == id);
        let authorized = ledger.iter().filter(|entry| entry.kind == "authorized");
        Ok(authorized.filter(|entry| !voided(&entry.payment_intent)).map(|entry| entry.amount).collect())
    }
}
