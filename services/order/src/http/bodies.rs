//! Carts and orders as clients see them. Apart from the domain's types: those may change, these are promised.

use chrono::{DateTime, Utc};
use contracts::{
    Money, OrderId, Sku,
    event::{
        order::{CancellationReason, OrderLine, RejectionReason},
        payment::DeclineReason,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{AttemptStatus, CartLine, Order, ShippingAddress, State, Status, Transition, cart::ShownLine};

/// A cart.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CartBody {
    /// What is in it, sorted by SKU.
    items: Vec<CartItemBody>,
    /// The price of all of it; null for an empty cart, which has no currency.
    total: Option<Money>,
}

impl CartBody {
    pub(super) fn new(items: Vec<ShownLine>, total: Option<Money>) -> Self {
        Self { items: items.into_iter().map(CartItemBody::from).collect(), total }
    }
}

/// Pieces of one SKU in a cart.
#[derive(Debug, Serialize, ToSchema)]
struct CartItemBody {
    /// What.
    sku: Sku,
    /// The product's name, with the variant's.
    name: String,
    /// How many pieces.
    quantity: u32,
    /// The price of one piece.
    unit_price: Money,
    /// False if it cannot be bought at the moment: an order with it would be rejected.
    available_for_sale: bool,
    /// The price before, shown once when it has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_unit_price: Option<Money>,
}

impl From<ShownLine> for CartItemBody {
    fn from(shown: ShownLine) -> Self {
        let ShownLine { line, available_for_sale, previous_unit_price } = shown;
        let CartLine { sku, name, quantity, unit_price } = line;
        Self { sku, name, quantity: quantity.into(), unit_price, available_for_sale, previous_unit_price }
    }
}

/// An order in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderSummary {
    /// Names it.
    id: OrderId,
    /// Where it is in its life.
    status: Status,
    /// What was ordered, sorted by SKU.
    lines: Vec<OrderLine>,
    /// The price of all of it.
    total: Money,
    /// When it was placed.
    placed_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<Order> for OrderSummary {
    fn from(order: Order) -> Self {
        let Order { id, state, lines, total, placed_at, updated_at, .. } = order;
        Self { id, status: state.status(), lines, total, placed_at, updated_at }
    }
}

/// An order with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderBody {
    /// The order.
    #[serde(flatten)]
    summary: OrderSummary,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection_reason: Option<RejectionReason>,
    /// Why it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_reason: Option<CancellationReason>,
    /// When it is given up, if it is still waiting then.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<DateTime<Utc>>,
    /// The last payment that was tried; none before there was stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentBody>,
    /// Where it goes.
    shipping_address: ShippingAddress,
    /// Every change, oldest first.
    history: Vec<Transition>,
}

/// A payment of an order.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentBody {
    /// What has become of it.
    status: PaymentStatus,
    /// Why it was declined: another payment method can be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<DeclineReason>,
}

/// What has become of a payment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PaymentStatus {
    /// The card's issuer is being asked.
    Pending,
    /// The money is set aside.
    Authorized,
    /// The issuer refused.
    Declined,
    /// It is being undone.
    Voiding,
    /// It is undone, or was never made.
    Voided,
}

impl From<AttemptStatus> for PaymentBody {
    fn from(attempt: AttemptStatus) -> Self {
        let (status, decline_reason) = match attempt {
            AttemptStatus::Requested => (PaymentStatus::Pending, None),
            AttemptStatus::Authorized => (PaymentStatus::Authorized, None),
            AttemptStatus::Declined { decline_reason } => (PaymentStatus::Declined, Some(decline_reason)),
            AttemptStatus::VoidRequested { .. } => (PaymentStatus::Voiding, None),
            AttemptStatus::Voided => (PaymentStatus::Voided, None),
        };
        Self { status, decline_reason }
    }
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        let (rejection_reason, cancellation_reason) = match order.state {
            State::Rejected { reason } => (Some(reason), None),
            State::Cancelled { reason } => (None, Some(reason)),
            State::Placed { .. } | State::AwaitingPayment { .. } | State::Confirmed => (None, None),
        };
        Self {
            rejection_reason,
            cancellation_reason,
            deadline: order.state.deadline(),
            payment: order.attempts.last().map(|attempt| attempt.status.into()),
            shipping_address: order.shipping_address.clone(),
            history: order.history.clone(),
            summary: order.into(),
        }
    }
}
