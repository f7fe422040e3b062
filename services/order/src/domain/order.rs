//! Orders: state, payment attempts, history.

use chrono::{DateTime, Utc};
use contracts::{
    Event, Money, OrderId, PaymentId, UserId,
    event::{
        order::{CancellationReason, OrderLine, OrderPlaced, RejectionReason, WantedLine},
        payment::DeclineReason,
        product::Shortage,
    },
    money::MoneyError,
};
use serde::{Deserialize, Serialize};

use super::{Cart, CartLine, Cause, Decision, Obligation, Owed, PaymentMethod, Rules, ShippingAddress};

/// An order. Created by [`Order::place`], changed only by [`decide`](super::decide()).
///
/// It is stored as it is: a new field needs `#[serde(default, skip_serializing_if = "...")]`, so that stored orders
/// remain readable. ARCHITECTURE.md, "A new field, state or event", has the order of releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Id.
    pub id: OrderId,
    /// Owner.
    pub user_id: UserId,
    /// Number of changes, starting at 1; also the `sequence` of the events of the latest change.
    pub version: u64,
    /// State, with the data that only this state has.
    #[serde(flatten)]
    pub state: State,
    /// Ordered lines, sorted by SKU. Their prices are those shown to the customer, and after the reservation those
    /// charged.
    pub lines: Vec<OrderLine>,
    /// Sum of all lines.
    pub total: Money,
    /// Shipping address.
    pub shipping_address: ShippingAddress,
    /// Payment attempts; the last one is current.
    pub attempts: Vec<Attempt>,
    /// Answers and effects that the order waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Obligation>,
    /// Version of the reservation whose question was answered last; zero before the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reservation_version: u64,
    /// Time of the checkout.
    pub placed_at: DateTime<Utc>,
    /// Time of the latest change.
    pub updated_at: DateTime<Utc>,
    /// Changes, oldest first.
    pub history: Vec<Transition>,
}

/// State of an order. The first two are transient: each has a deadline.
///
/// Decisions depend on it: an order in a state that this version does not know is read as
/// [`StoredOrder::Newer`](crate::store::orders::StoredOrder).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// Accepted; its stock is not reserved yet.
    Placed {
        /// Time after which the order is cancelled.
        deadline: DateTime<Utc>,
        /// Payment method to charge once stock is reserved.
        payment_method: PaymentMethod,
    },
    /// Its stock is reserved; its payment is not authorized yet.
    AwaitingPayment {
        /// Time after which the order is cancelled: before the reservation expires.
        deadline: DateTime<Utc>,
        /// Latest deadline that the reservation allows. A decline shortens the deadline, another card extends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold_until: Option<DateTime<Utc>>,
    },
    /// Its payment is authorized and its stock sold. Settled until it is shipped or cancelled.
    Confirmed,
    /// Never fulfilled: no stock, or a price increased. Terminal.
    Rejected {
        /// Reason of the rejection.
        reason: RejectionReason,
        /// Lines that were not in stock.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shortages: Vec<Shortage>,
    },
    /// Cancelled by its owner, by a deadline, or because stock or money was lost. Terminal.
    Cancelled {
        /// Reason of the cancellation.
        reason: CancellationReason,
    },
}

/// Status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted; stock is not reserved yet.
    Placed,
    /// Stock is reserved; the payment is not authorized yet.
    AwaitingPayment,
    /// The payment is authorized, and the stock is sold.
    Confirmed,
    /// Rejected: no stock, or a price increased.
    Rejected,
    /// Cancelled.
    Cancelled,
    /// A status that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Status {
    const KNOWN: [Self; 5] = [Self::Placed, Self::AwaitingPayment, Self::Confirmed, Self::Rejected, Self::Cancelled];

    /// Returns the status with the wire name `text`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|status| status.as_str() == text)
    }

    /// Returns the wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

impl State {
    /// Returns the status.
    pub const fn status(&self) -> Status {
        match self {
            Self::Placed { .. } => Status::Placed,
            Self::AwaitingPayment { .. } => Status::AwaitingPayment,
            Self::Confirmed => Status::Confirmed,
            Self::Rejected { .. } => Status::Rejected,
            Self::Cancelled { .. } => Status::Cancelled,
        }
    }

    /// Returns the deadline of a transient state.
    pub const fn deadline(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Placed { deadline, .. } | Self::AwaitingPayment { deadline, .. } => Some(*deadline),
            Self::Confirmed | Self::Rejected { .. } | Self::Cancelled { .. } => None,
        }
    }
}

/// Payment attempt with one payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Id of the attempt, here and in payment.
    pub payment_id: PaymentId,
    /// Status.
    #[serde(flatten)]
    pub status: AttemptStatus,
}

/// Status of a payment attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "payment_status", rename_all = "snake_case")]
pub enum AttemptStatus {
    /// The authorization was requested.
    Requested,
    /// The issuer authorized it.
    Authorized {
        /// Time at which the authorization expires, if the processor told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
    },
    /// The issuer declined it.
    Declined {
        /// Reason of the decline.
        decline_reason: DeclineReason,
    },
    /// The void was requested, whether or not payment had processed the attempt.
    VoidRequested {
        /// Time of the second request. Read and written for versions without [`Order::owed`].
        ask_again_at: DateTime<Utc>,
    },
    /// Payment confirmed that the attempt holds no money and never will.
    Voided,
}

/// Change of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Transition {
    /// Time of the change.
    pub at: DateTime<Utc>,
    /// Status after the change.
    pub status: Status,
    /// Cause of the change.
    pub cause: Cause,
}

/// Reason why an order cannot be placed. The message may be shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceRefusal {
    /// The cart has no lines.
    #[error("the cart is empty")]
    EmptyCart,
    /// The total cannot be computed.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

/// Parameters of a new order, beside the cart.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// New id.
    pub id: OrderId,
    /// Owner.
    pub user_id: UserId,
    /// Payment method to charge once stock is reserved.
    pub payment_method: PaymentMethod,
    /// Shipping address.
    pub shipping_address: ShippingAddress,
}

impl Order {
    /// Places an order of all lines of the cart, at the prices that the cart shows.
    pub fn place(new: NewOrder, cart: &Cart, rules: &Rules, now: DateTime<Utc>) -> Result<Decision, PlaceRefusal> {
        let NewOrder { id, user_id, payment_method, shipping_address } = new;
        let total = cart.total()?.ok_or(PlaceRefusal::EmptyCart)?;
        let lines: Vec<OrderLine> = cart.lines().iter().map(order_line).collect();
        let order = Self {
            id,
            user_id,
            version: 1,
            state: State::Placed { deadline: now + rules.stock_deadline, payment_method },
            lines,
            total,
            shipping_address,
            attempts: Vec::new(),
            owed: vec![Obligation::new(Owed::Reservation, now)],
            reservation_version: 0,
            placed_at: now,
            updated_at: now,
            history: vec![Transition { at: now, status: Status::Placed, cause: Cause::Checkout }],
        };
        let events = vec![order.placed_event()];
        Ok(Decision { order, events, overdue: None })
    }

    /// Returns the request of the stock.
    pub(super) fn placed_event(&self) -> Event {
        let wanted = |line: &OrderLine| WantedLine { sku: line.sku.clone(), quantity: line.quantity };
        Event::OrderPlaced(OrderPlaced {
            order_id: self.id,
            user_id: self.user_id,
            lines: self.lines.iter().map(wanted).collect(),
            deadline: self.state.deadline(),
        })
    }

    /// Returns the time of the next [`DeadlinePassed`](super::Input::DeadlinePassed): the deadline of the state, or
    /// the next request of what is owed, whichever is earlier. `None` if the order is settled and nothing is owed.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        let requests = self.owed.iter().map(|owed| owed.ask_again_at);
        self.state.deadline().into_iter().chain(requests).min()
    }

    /// Completes an order of an older version, which had no list of obligations.
    #[must_use]
    pub(crate) fn upgraded(mut self) -> Self {
        for attempt in self.attempts.clone() {
            if let AttemptStatus::VoidRequested { ask_again_at } = attempt.status
                && !self.is_void_owed(attempt.payment_id)
            {
                let what = Owed::Void { payment_id: attempt.payment_id };
                self.owe(Obligation { ask_again_at, ..Obligation::new(what, self.updated_at) });
            }
        }
        self
    }

    /// Returns the status of the attempt `payment_id`; `None` if it is not an attempt of this order.
    pub fn attempt(&self, payment_id: PaymentId) -> Option<AttemptStatus> {
        self.attempts.iter().find(|attempt| attempt.payment_id == payment_id).map(|attempt| attempt.status)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "required by serde")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn order_line(line: &CartLine) -> OrderLine {
    let CartLine { sku, name, quantity, unit_price } = line.clone();
    OrderLine { sku, name, quantity: quantity.into(), unit_price }
}
