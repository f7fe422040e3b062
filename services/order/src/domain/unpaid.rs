//! Bounds of what is free for a customer: stock that is reserved without a payment, and cards that are declined.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::OrderId;
use serde::{Deserialize, Serialize};

use super::{Order, Rules};

/// Maximum number of a customer's orders that wait for stock or payment.
pub const MAX_UNPAID_ORDERS: usize = 5;

/// Maximum number of declined payments of a customer within [`DECLINE_WINDOW`]: enough for a wallet, too few for
/// testing stolen cards.
pub const MAX_DECLINES: usize = 20;

/// Time for which a decline counts.
pub const DECLINE_WINDOW: TimeDelta = TimeDelta::hours(24);

/// A customer's orders without a payment, and declined payments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unpaid {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unpaid_orders: Vec<UnpaidOrder>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    declines: Vec<DateTime<Utc>>,
}

/// An order that may wait for its stock or payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct UnpaidOrder {
    order_id: OrderId,
    /// Latest time at which it still waits.
    until: DateTime<Utc>,
}

impl Unpaid {
    /// Adds a new order.
    pub(crate) fn add(&mut self, order: &Order, rules: &Rules) {
        let until = order.placed_at + rules.stock_deadline + rules.payment_deadline;
        self.unpaid_orders.push(UnpaidOrder { order_id: order.id, until });
    }

    /// Removes an order that does not wait any longer.
    pub(crate) fn remove(&mut self, order_id: OrderId) {
        self.unpaid_orders.retain(|order| order.order_id != order_id);
    }

    /// Removes what does not count any longer.
    pub(crate) fn prune(&mut self, now: DateTime<Utc>) {
        self.unpaid_orders.retain(|order| order.until > now);
        self.declines.retain(|at| *at + DECLINE_WINDOW > now);
    }

    /// Returns the orders that may still wait.
    pub(crate) fn orders(&self) -> Vec<OrderId> {
        self.unpaid_orders.iter().map(|order| order.order_id).collect()
    }

    /// True if another order would be too many.
    pub(crate) const fn is_full(&self) -> bool {
        self.unpaid_orders.len() >= MAX_UNPAID_ORDERS
    }

    /// True if the customer's payments were declined too often.
    pub(crate) fn is_declined_too_often(&self, now: DateTime<Utc>) -> bool {
        self.declines.iter().filter(|at| **at + DECLINE_WINDOW > now).count() >= MAX_DECLINES
    }
}
