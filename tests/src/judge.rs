//! Independent records of outcomes: the card processor's ledger and the mails that were sent.

use serde_json::Value;
use stack::api::{LedgerEntry, Mail};

use crate::Shop;

impl Shop {
    /// The processor's entries of an order, oldest first.
    pub async fn ledger(&self, order_id: &str) -> Vec<LedgerEntry> {
        self.processor().ledger(order_id).await.expect("a ledger")
    }

    /// The amounts of an order that are authorized and not voided.
    pub async fn live_authorizations(&self, order_id: &str) -> Vec<i64> {
        self.processor().live_authorizations(order_id).await.expect("a ledger")
    }

    /// The subjects of the mails to `address` whose text contains `text`.
    pub async fn mails(&self, address: &str, text: &str) -> Vec<String> {
        let mailbox = format!("{}/_ministack/ses/messages", self.aws);
        let mails = Mail::to(&mailbox, address).await.expect("mails");
        mails.into_iter().filter(|mail| mail.contains(text)).map(|mail| mail.subject).collect()
    }
}

/// The minor units of an order's total.
pub fn total(order: &Value) -> i64 {
    order["total"]["minor"].as_i64().expect("an order has a total")
}
