//! Append-only ledger of money movements. Tests use it as the source of truth.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Kind of a ledger entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Amount held on the card.
    Authorized,
    /// Amount captured from the hold.
    Captured,
    /// Amount of the hold that was released by a cancellation or a partial capture.
    Voided,
    /// Amount returned to the card after a capture.
    Refunded,
    /// Amount that the issuer refused to authorize.
    Declined,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Sequence number from 1, without gaps.
    pub seq: u64,
    /// Time of the movement.
    pub time: DateTime<Utc>,
    /// Id of the intent.
    pub payment_intent: String,
    /// Kind of movement.
    pub kind: Kind,
    /// Amount in minor units, never negative.
    pub amount: i64,
    /// ISO 4217 code in lower case.
    pub currency: String,
    /// Metadata of the intent, so that a test can select entries by the shop's own ids.
    pub metadata: BTreeMap<String, String>,
}

impl Entry {
    /// Returns whether `metadata[order_id]` is the given order. Without an order, every entry matches.
    pub(crate) fn belongs_to(&self, order_id: Option<&str>) -> bool {
        order_id.is_none() || self.metadata.get("order_id").map(String::as_str) == order_id
    }
}

/// Count and sum of the entries of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// Number of entries.
    pub count: u64,
    /// Sum in minor units.
    pub amount: i64,
}

/// Totals of the ledger of one order, or of all orders. Amounts of different currencies are added up. A test that
/// mixes currencies has to read the entries instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Order that the summary is limited to.
    pub order_id: Option<String>,
    /// Authorizations.
    pub authorized: Total,
    /// Captures.
    pub captured: Total,
    /// Releases of held amounts.
    pub voided: Total,
    /// Refunds.
    pub refunded: Total,
    /// Declines.
    pub declined: Total,
    /// Amount still held: authorized minus captured and voided.
    pub held: i64,
    /// Revenue: captured minus refunded.
    pub net: i64,
}

impl Summary {
    /// Adds up the entries of one order, or of all orders.
    pub(crate) fn of(entries: &[Entry], order_id: Option<&str>) -> Self {
        let mut summary = Self { order_id: order_id.map(str::to_owned), ..Self::default() };
        for entry in entries.iter().filter(|entry| entry.belongs_to(order_id)) {
            let total = match entry.kind {
                Kind::Authorized => &mut summary.authorized,
                Kind::Captured => &mut summary.captured,
                Kind::Voided => &mut summary.voided,
                Kind::Refunded => &mut summary.refunded,
                Kind::Declined => &mut summary.declined,
            };
            total.count += 1;
            total.amount += entry.amount;
        }
        summary.held = summary.authorized.amount - summary.captured.amount - summary.voided.amount;
        summary.net = summary.captured.amount - summary.refunded.amount;
        summary
    }
}
