use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{Client, Response};

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

    /// Removes the faults that have not taken effect.
    pub async fn clear_faults(&self) -> Result<()> {
        Response::try_to(self.0.request(Method::DELETE, "/faults")).await?.ensure(204)
    }

    /// The entries of an order, oldest first.
    pub async fn ledger(&self, order_id: impl ToString) -> Result<Vec<LedgerEntry>> {
        self.entries(&format!("/ledger?order_id={}", order_id.to_string())).await
    }

    /// The entries of all orders, oldest first.
    pub async fn whole_ledger(&self) -> Result<Vec<LedgerEntry>> {
        self.entries("/ledger").await
    }

    async fn entries(&self, path: &str) -> Result<Vec<LedgerEntry>> {
        #[derive(Deserialize)]
        struct Ledger {
            entries: Vec<LedgerEntry>,
        }
        Ok(self.0.get(path).await?.json::<Ledger>(200)?.entries)
    }

    /// The amounts of an order that are authorized and not voided.
    pub async fn live_authorizations(&self, order_id: impl ToString) -> Result<Vec<i64>> {
        Ok(LedgerEntry::held(&self.ledger(order_id).await?))
    }
}

impl LedgerEntry {
    /// The amounts that are authorized and not voided.
    pub fn held(ledger: &[Self]) -> Vec<i64> {
        let voided = |id: &str| ledger.iter().any(|entry| entry.kind == "voided" && entry.payment_intent == id);
        let authorized = ledger.iter().filter(|entry| entry.kind == "authorized");
        authorized.filter(|entry| !voided(&entry.payment_intent)).map(|entry| entry.amount).collect()
    }
}
