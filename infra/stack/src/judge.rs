//! The invariants of ARCHITECTURE.md, judged on what customers, the card processor, the mailbox and the stock show.

use std::fmt;

use contracts::Sku;
use serde_json::Value;

use crate::api::{LedgerEntry, Mail, Order, Stock};

/// States in which an order remains.
pub const FINAL: [&str; 3] = ["confirmed", "rejected", "cancelled"];

/// An order in the eyes of its customer, the card processor, and the mailbox.
#[derive(Debug, Clone)]
pub struct Witness {
    /// The order.
    pub order: Order,
    /// The processor's entries of the order, oldest first.
    pub ledger: Vec<LedgerEntry>,
    /// The mails that name the order, oldest first. `None`: not examined.
    pub mails: Option<Vec<Notice>>,
}

/// A violated invariant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Number of the invariant, such as `I2`.
    pub invariant: &'static str,
    /// An order, a SKU or a queue.
    pub id: String,
    /// Facts.
    pub facts: String,
    /// True if work that is still on its way may correct it.
    pub is_pending: bool,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<4} {}: {}", self.invariant, self.id, self.facts)
    }
}

impl Violation {
    /// A violation that remains.
    pub fn lasting(invariant: &'static str, id: impl ToString, facts: impl Into<String>) -> Self {
        Self { invariant, id: id.to_string(), facts: facts.into(), is_pending: false }
    }

    /// A violation as long as work is on its way.
    pub fn pending(invariant: &'static str, id: impl ToString, facts: impl Into<String>) -> Self {
        Self { is_pending: true, ..Self::lasting(invariant, id, facts) }
    }
}

/// Subject of a mail about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The order is confirmed.
    Confirmed,
    /// The order is rejected.
    Rejected,
    /// The order is cancelled.
    Cancelled,
}

impl Notice {
    /// Recognizes an English mail about an order.
    pub fn of(mail: &Mail) -> Option<Self> {
        let subjects = [
            ("Your order is confirmed", Self::Confirmed),
            ("Your order could not be accepted", Self::Rejected),
            ("A price has changed", Self::Rejected),
            ("Your order is cancelled", Self::Cancelled),
        ];
        subjects.into_iter().find(|(subject, _)| mail.subject.starts_with(subject)).map(|(_, notice)| notice)
    }
}

impl Witness {
    /// Amounts that are authorized and not voided.
    pub fn held(&self) -> Vec<i64> {
        LedgerEntry::held(&self.ledger)
    }

    /// Pieces of `sku` in the order.
    pub fn quantity(&self, sku: &Sku) -> i64 {
        let lines = self.order.lines.iter().filter(|line| line["sku"] == sku.as_str());
        lines.filter_map(|line| line["quantity"].as_i64()).sum()
    }

    /// Violations of I1, I2, I3 and I11.
    pub fn violations(&self) -> Vec<Violation> {
        let Order { id, status, .. } = &self.order;
        if !FINAL.contains(&status.as_str()) {
            return vec![Violation::pending("I1", id, format!("remains {status}"))];
        }
        let mut found = self.money();
        found.extend(self.notices());
        found
    }

    fn money(&self) -> Vec<Violation> {
        let Order { id, status, lines, total, .. } = &self.order;
        let count = |kind: &str| self.ledger.iter().filter(|entry| entry.kind == kind).count();
        let (held, total) = (self.held(), total.map(|total| total.minor).unwrap_or_default());
        let mut found = Vec::new();
        if count("captured") + count("refunded") > 0 {
            found.push(Violation::lasting("I2", id, "money was captured"));
        }
        if status != "confirmed" {
            if !held.is_empty() {
                found.push(Violation::pending("I3", id, format!("is {status}, and {held:?} are held")));
            }
            return found;
        }
        if held != [total] {
            found.push(Violation::lasting("I2", id, format!("is confirmed over {total}, and {held:?} are held")));
        }
        if count("authorized") > 1 {
            found.push(Violation::lasting("I2", id, format!("was authorized {} times", count("authorized"))));
        }
        let sum: i64 =
            lines.iter().map(|line| integer(&line["quantity"]) * integer(&line["unit_price"]["minor"])).sum();
        if sum != total {
            found.push(Violation::lasting("I2", id, format!("has the total {total}, and its lines cost {sum}")));
        }
        found
    }

    fn notices(&self) -> Vec<Violation> {
        let Some(mails) = &self.mails else { return Vec::new() };
        let Order { id, status, .. } = &self.order;
        let mut kinds = mails.clone();
        kinds.dedup();
        let (wanted, also) = match status.as_str() {
            "confirmed" => (Notice::Confirmed, None),
            "rejected" => (Notice::Rejected, None),
            _ => (Notice::Cancelled, Some(Notice::Confirmed)),
        };
        match kinds.as_slice() {
            [only] if *only == wanted => Vec::new(),
            [first, last] if Some(*first) == also && *last == wanted => Vec::new(),
            kinds if kinds.contains(&wanted) => {
                vec![Violation::lasting("I11", id, format!("is {status}, and the mails are {mails:?}"))]
            }
            _ => vec![Violation::pending("I11", id, format!("is {status}, and the mails are {mails:?}"))],
        }
    }

    /// Number of mails beyond one of each kind.
    pub fn repeated_mails(&self) -> usize {
        let mut kinds = self.mails.clone().unwrap_or_default();
        let count = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        count - kinds.len()
    }
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// Violations of I4 and I5 for a SKU that had `initial` pieces in stock and `sold` before the orders.
pub fn stock_violations(sku: &Sku, initial: Stock, stock: Stock, orders: &[Witness]) -> Vec<Violation> {
    let mut found: Vec<_> = piece_violation(sku, initial, stock).into_iter().collect();
    let is_confirmed = |witness: &&Witness| witness.order.status == "confirmed";
    let confirmed: i64 = orders.iter().filter(is_confirmed).map(|witness| witness.quantity(sku)).sum();
    if stock.sold - initial.sold != confirmed {
        let facts = format!("{} were sold, and confirmed orders have {confirmed}", stock.sold - initial.sold);
        found.push(Violation::pending("I5", sku, facts));
    }
    if stock.reserved != 0 {
        found.push(Violation::pending("I5", sku, format!("{} remain reserved", stock.reserved)));
    }
    found
}

/// A violation of I4: a piece is missing, or counted twice. Holds at every moment.
pub fn piece_violation(sku: &Sku, initial: Stock, stock: Stock) -> Option<Violation> {
    let Stock { available, reserved, sold } = stock;
    let is_right = available >= 0 && reserved >= 0 && sold >= 0 && stock.pieces() == initial.pieces();
    (!is_right).then(|| Violation::lasting("I4", sku, format!("{stock:?} of {} pieces", initial.pieces())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ORDER: &str = "ord_018f3c5a7b2c7d10a1b2c3d4e5f60703";

    fn witness(status: &str, ledger: &[(&str, &str)], mails: &[Notice]) -> Witness {
        let order = json!({
            "id": ORDER,
            "status": status,
            "lines": [{ "sku": "TEA-1", "quantity": 2, "unit_price": { "minor": 500, "currency": "EUR" } }],
            "total": { "minor": 1000, "currency": "EUR" },
        });
        let entry = |(kind, intent): &(&str, &str)| {
            let time = "2026-01-02T03:04:05Z";
            let entry = json!({
                "time": time, "payment_intent": intent, "kind": kind, "amount": 1000, "currency": "eur",
            });
            serde_json::from_value(entry).unwrap()
        };
        Witness {
            order: serde_json::from_value(order).unwrap(),
            ledger: ledger.iter().map(entry).collect(),
            mails: Some(mails.to_vec()),
        }
    }

    fn invariants(witness: &Witness) -> Vec<(&'static str, bool)> {
        witness.violations().into_iter().map(|violation| (violation.invariant, violation.is_pending)).collect()
    }

    #[test]
    fn right_orders_violate_nothing() {
        let (authorized, voided) = (("authorized", "pi_1"), ("voided", "pi_1"));
        let right = [
            witness("confirmed", &[("declined", "pi_0"), authorized], &[Notice::Confirmed]),
            witness("rejected", &[], &[Notice::Rejected]),
            witness("cancelled", &[authorized, voided], &[Notice::Confirmed, Notice::Cancelled]),
            witness("cancelled", &[], &[Notice::Cancelled, Notice::Cancelled]),
        ];
        for witness in right {
            assert_eq!(invariants(&witness), [], "{witness:?}");
        }
    }

    #[test]
    fn each_wrong_order_violates_its_invariant() {
        let (authorized, voided) = (("authorized", "pi_1"), ("voided", "pi_1"));
        let confirmed = &[Notice::Confirmed];
        let wrong = [
            (witness("placed", &[], &[]), ("I1", true)),
            (witness("confirmed", &[], confirmed), ("I2", false)),
            (witness("confirmed", &[authorized, voided], confirmed), ("I2", false)),
            (witness("confirmed", &[authorized, voided, ("authorized", "pi_2")], confirmed), ("I2", false)),
            (witness("confirmed", &[authorized, ("captured", "pi_1")], confirmed), ("I2", false)),
            (witness("cancelled", &[authorized], &[Notice::Cancelled]), ("I3", true)),
            (witness("confirmed", &[authorized], &[]), ("I11", true)),
            (witness("confirmed", &[authorized], &[Notice::Confirmed, Notice::Cancelled]), ("I11", false)),
            (witness("cancelled", &[], &[Notice::Cancelled, Notice::Confirmed]), ("I11", false)),
        ];
        for (witness, expected) in wrong {
            assert_eq!(invariants(&witness), [expected], "{witness:?}");
        }
        let mut dear = witness("confirmed", &[authorized], confirmed);
        dear.order.lines[0]["quantity"] = json!(1);
        assert_eq!(invariants(&dear), [("I2", false)]);
        assert_eq!(witness("confirmed", &[authorized], &[Notice::Confirmed; 3]).repeated_mails(), 2);
    }

    #[test]
    fn stock_equals_the_confirmed_orders() {
        let sku: Sku = "TEA-1".parse().unwrap();
        let orders = [
            witness("confirmed", &[("authorized", "pi_1")], &[Notice::Confirmed]),
            witness("cancelled", &[], &[Notice::Cancelled]),
        ];
        let found = |stock| {
            let found = stock_violations(&sku, Stock::of(7, 0, 3), stock, &orders);
            found.into_iter().map(|violation| violation.invariant).collect::<Vec<_>>()
        };
        assert!(found(Stock::of(5, 0, 5)).is_empty());
        assert_eq!(found(Stock::of(5, 2, 3)), ["I5", "I5"], "reserved, and not sold");
        assert_eq!(found(Stock::of(6, 0, 5)), ["I4"], "a piece too many");
        assert_eq!(found(Stock::of(3, 0, 7)), ["I5"], "sold twice");
        assert_eq!(found(Stock::of(-1, 0, 11)), ["I4", "I5"], "oversold");
    }
}
