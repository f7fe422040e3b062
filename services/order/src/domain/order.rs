//! The order: its state, its payment attempts and its history.

use chrono::{DateTime, Utc};
use contracts::{
    Event, Money, OrderId, PaymentId, UserId,
    event::{
        order::{CancellationReason, OrderLine, OrderPlaced, RejectionReason, WantedLine},
        payment::DeclineReason,
    },
    money::MoneyError,
};
use serde::{Deserialize, Serialize};

use super::{Cart, CartLine, Cause, Decision, PaymentMethod, Rules, ShippingAddress};

/// Everything the shop knows about one order. Made by [`Order::place`], changed only by [`decide`](super::decide()).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Names it.
    pub id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// Counts its changes from 1; also the `sequence` of the events that a change publishes.
    pub version: u64,
    /// Where it is in its life, with what belongs to that.
    #[serde(flatten)]
    pub state: State,
    /// What was ordered, sorted by SKU: at the prices that the customer was shown, and from the reservation on at
    /// those that are charged.
    pub lines: Vec<OrderLine>,
    /// The price of all lines.
    pub total: Money,
    /// Where it goes.
    pub shipping_address: ShippingAddress,
    /// Every payment that was tried, the current one last.
    pub attempts: Vec<Attempt>,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Every change, in order.
    pub history: Vec<Transition>,
}

/// Where an order is in its life. The first two are passing states: each has the moment by which it is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// Accepted; waits for its stock.
    Placed {
        /// When it is given up.
        deadline: DateTime<Utc>,
        /// What will be charged once stock is there.
        payment_method: PaymentMethod,
    },
    /// Its stock is set aside; waits for the money.
    AwaitingPayment {
        /// When it is given up. Earlier than the reservation's end.
        deadline: DateTime<Utc>,
    },
    /// Authorised; its stock is sold. Rests until it is shipped or cancelled.
    Confirmed,
    /// Never came to be. Final.
    Rejected {
        /// Why.
        reason: RejectionReason,
    },
    /// Given up. Final.
    Cancelled {
        /// Why.
        reason: CancellationReason,
    },
}

/// The name of a [`State`], as clients and the history see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted; waits for its stock.
    Placed,
    /// Its stock is set aside; waits for the money.
    AwaitingPayment,
    /// Authorised; its stock is sold.
    Confirmed,
    /// Never came to be.
    Rejected,
    /// Given up.
    Cancelled,
}

impl Status {
    const ALL: [Self; 5] = [Self::Placed, Self::AwaitingPayment, Self::Confirmed, Self::Rejected, Self::Cancelled];

    /// The status that `text` names, in the words of [`Status::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The status as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}

impl State {
    /// Its name.
    pub const fn status(&self) -> Status {
        match self {
            Self::Placed { .. } => Status::Placed,
            Self::AwaitingPayment { .. } => Status::AwaitingPayment,
            Self::Confirmed => Status::Confirmed,
            Self::Rejected { .. } => Status::Rejected,
            Self::Cancelled { .. } => Status::Cancelled,
        }
    }

    /// When it is left at the latest; none for a state in which an order may rest.
    pub const fn deadline(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Placed { deadline, .. } | Self::AwaitingPayment { deadline } => Some(*deadline),
            Self::Confirmed | Self::Rejected { .. } | Self::Cancelled { .. } => None,
        }
    }
}

/// One attempt to have the order paid, with one payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Names it, here and at payment.
    pub payment_id: PaymentId,
    /// What has become of it.
    #[serde(flatten)]
    pub status: AttemptStatus,
}

/// What has become of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "payment_status", rename_all = "snake_case")]
pub enum AttemptStatus {
    /// Payment was asked for it.
    Requested,
    /// The money is set aside.
    Authorized,
    /// The issuer refused.
    Declined {
        /// Why.
        decline_reason: DeclineReason,
    },
    /// Payment was asked to undo it, whether or not it had been made.
    VoidRequested {
        /// When payment is asked once more, unless it has answered: the request may lie in a dead-letter queue, while
        /// the customer's money is held.
        ask_again_at: DateTime<Utc>,
    },
    /// It is undone, or will never be made.
    Voided,
}

/// One change of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Transition {
    /// When.
    pub at: DateTime<Utc>,
    /// The state from then on.
    pub status: Status,
    /// What brought it about.
    pub cause: Cause,
}

/// Why an order cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceRefusal {
    /// There is nothing to order.
    #[error("the cart is empty")]
    EmptyCart,
    /// The total does not fit.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

impl Order {
    /// A new order of everything in the cart, at the prices that the cart shows.
    pub fn place(
        id: OrderId,
        user_id: UserId,
        cart: &Cart,
        payment_method: PaymentMethod,
        shipping_address: ShippingAddress,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Decision, PlaceRefusal> {
        let total = cart.total()?.ok_or(PlaceRefusal::EmptyCart)?;
        let lines: Vec<OrderLine> = cart.lines().iter().map(order_line).collect();
        let wanted = lines.iter().map(|line| WantedLine { sku: line.sku.clone(), quantity: line.quantity }).collect();
        let order = Self {
            id,
            user_id,
            version: 1,
            state: State::Placed { deadline: now + rules.stock_deadline, payment_method },
            lines,
            total,
            shipping_address,
            attempts: Vec::new(),
            placed_at: now,
            updated_at: now,
            history: vec![Transition { at: now, status: Status::Placed, cause: Cause::Checkout }],
        };
        let placed = OrderPlaced { order_id: id, user_id, lines: wanted };
        Ok(Decision { order, events: vec![Event::OrderPlaced(placed)] })
    }

    /// When somebody has to look after it at the latest: at the deadline of its state, or when an attempt should have
    /// been undone. None for an order that rests.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        let voids = self.attempts.iter().filter_map(|attempt| match attempt.status {
            AttemptStatus::VoidRequested { ask_again_at } => Some(ask_again_at),
            _ => None,
        });
        self.state.deadline().into_iter().chain(voids).min()
    }

    /// What has become of the attempt `payment_id`; none if this order never asked for it.
    pub fn attempt(&self, payment_id: PaymentId) -> Option<AttemptStatus> {
        self.attempts.iter().find(|attempt| attempt.payment_id == payment_id).map(|attempt| attempt.status)
    }
}

fn order_line(line: &CartLine) -> OrderLine {
    let CartLine { sku, name, quantity, unit_price } = line.clone();
    OrderLine { sku, name, quantity: quantity.into(), unit_price }
}
