//! What happened to money, append-only: the judge of whoever uses this processor.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What happened to an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Set aside on the card.
    Authorized,
    /// Taken from what was set aside.
    Captured,
    /// Let go of what was set aside: a cancellation, or what a partial capture left.
    Voided,
    /// Given back of what was taken.
    Refunded,
    /// Asked for, and refused by the card's issuer.
    Declined,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The intent that it belongs to.
    pub payment_intent: String,
    /// What happened.
    pub kind: Kind,
    /// Minor units, never negative.
    pub amount: i64,
    /// Lower-case ISO 4217 code.
    pub currency: String,
    /// The intent's metadata, so that a judge can go by the shop's own ids.
    pub metadata: BTreeMap<String, String>,
}

impl Entry {
    /// Whether it belongs to an order, by `metadata[order_id]`; without an order, every entry does.
    pub fn is_of(&self, order_id: Option<&str>) -> bool {
        order_id.is_none_or(|id| self.metadata.get("order_id").is_some_and(|own| own == id))
    }
}

/// How many entries of a kind there are, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// Number of entries.
    pub count: u64,
    /// Sum in minor units.
    pub amount: i64,
}

/// The ledger of one order, or of all, added up. Amounts of different currencies are not told apart: a judge
/// who needs that reads the entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The order that was asked for.
    pub order_id: Option<String>,
    /// Set aside.
    pub authorized: Total,
    /// Taken.
    pub captured: Total,
    /// Let go.
    pub voided: Total,
    /// Given back.
    pub refunded: Total,
    /// Refused.
    pub declined: Total,
    /// Still set aside: authorised, less captured and voided.
    pub held: i64,
    /// What the shop has: captured, less refunded.
    pub net: i64,
}

impl Summary {
    /// Adds up the entries of an order, or of all.
    pub fn of(entries: &[Entry], order_id: Option<&str>) -> Self {
        let mut summary = Self { order_id: order_id.map(str::to_owned), ..Self::default() };
        for entry in entries.iter().filter(|entry| entry.is_of(order_id)) {
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
