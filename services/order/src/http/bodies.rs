//! Carts and orders as clients see them. Separate from the domain's types, which may change: these are a promise.
//!
//! Every conversion names every field, so that a new field of the domain does not compile until it is decided here.

use chrono::{DateTime, Utc};
use contracts::{
    Money, OrderId, Sku,
    event::{
        order::{CancellationReason, OrderLine, RejectionReason},
        payment::DeclineReason,
        product::Shortage,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{Attempt, AttemptStatus, CartLine, Order, ShippingAddress, ShownLine, State, Status, Transition},
    store::orders::{NewerOrder, StoredOrder},
};

/// A cart.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CartBody {
    /// Lines, sorted by SKU.
    items: Vec<CartItemBody>,
    /// Sum of all lines; null for an empty cart, which has no currency.
    #[schema(required)]
    total: Option<Money>,
}

impl CartBody {
    pub(super) fn new(items: Vec<ShownLine>, total: Option<Money>) -> Self {
        Self { items: items.into_iter().map(CartItemBody::from).collect(), total }
    }
}

/// Line of a cart.
#[derive(Debug, Serialize, ToSchema)]
struct CartItemBody {
    /// SKU.
    sku: Sku,
    /// Name of the product and its variant.
    name: String,
    /// Number of pieces.
    #[schema(minimum = 1, maximum = 99)]
    quantity: u32,
    /// Price of one piece.
    unit_price: Money,
    /// False if the SKU cannot be bought at present: an order with it would be rejected.
    available_for_sale: bool,
    /// Previous price of one piece. Returned once after a change.
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
///
/// While a new version of the service is being released, an older one may not be able to read an order in full. It
/// returns the status `unknown`, and the fields that it can read. A later request succeeds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderSummary {
    /// Id.
    id: OrderId,
    /// Status.
    status: Status,
    /// Ordered lines, sorted by SKU. Absent only if `status` is `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<OrderLine>>,
    /// Sum of all lines. Absent only if `status` is `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Money>,
    /// Time of the checkout. Absent only if `status` is `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    placed_at: Option<DateTime<Utc>>,
    /// Time of the latest change. Absent only if `status` is `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
}

/// An order with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderBody {
    #[serde(flatten)]
    summary: OrderSummary,
    /// Reason of the rejection, if the order is rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection_reason: Option<RejectionReason>,
    /// Articles that were not in stock, if the order is rejected for that reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shortages: Vec<Shortage>,
    /// Reason of the cancellation, if the order is cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_reason: Option<CancellationReason>,
    /// Time after which the order is cancelled, if it still waits for stock or payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<DateTime<Utc>>,
    /// Latest payment attempt; absent before stock is reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentBody>,
    /// Shipping address. Absent only if `status` is `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<ShippingAddress>,
    /// Changes, oldest first.
    history: Vec<Transition>,
}

/// Payment attempt of an order.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentBody {
    /// Status.
    status: PaymentStatus,
    /// Reason of the decline. The order accepts another payment method until its deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<DeclineReason>,
    /// Time at which the authorization expires, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
}

/// Status of a payment attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PaymentStatus {
    /// The authorization is requested.
    Pending,
    /// The issuer authorized it.
    Authorized,
    /// The issuer declined it.
    Declined,
    /// The void is requested.
    Voiding,
    /// Voided: it holds no money and never will.
    Voided,
}

impl From<Attempt> for PaymentBody {
    fn from(attempt: Attempt) -> Self {
        let Attempt { payment_id: _, status } = attempt;
        let expires_at = match status {
            AttemptStatus::Authorized { expires_at } => expires_at,
            _ => None,
        };
        let (status, decline_reason) = match status {
            AttemptStatus::Requested => (PaymentStatus::Pending, None),
            AttemptStatus::Authorized { expires_at: _ } => (PaymentStatus::Authorized, None),
            AttemptStatus::Declined { decline_reason } => (PaymentStatus::Declined, Some(decline_reason)),
            AttemptStatus::VoidRequested { ask_again_at: _ } => (PaymentStatus::Voiding, None),
            AttemptStatus::Voided => (PaymentStatus::Voided, None),
        };
        Self { status, decline_reason, expires_at }
    }
}

impl From<Order> for OrderSummary {
    fn from(order: Order) -> Self {
        let Order {
            id,
            user_id: _,
            version: _,
            state,
            lines,
            total,
            shipping_address: _,
            attempts: _,
            owed: _,
            reservation_version: _,
            placed_at,
            updated_at,
            history: _,
        } = order;
        Self {
            id,
            status: state.status(),
            lines: Some(lines),
            total: Some(total),
            placed_at: Some(placed_at),
            updated_at: Some(updated_at),
        }
    }
}

impl From<NewerOrder> for OrderSummary {
    fn from(order: NewerOrder) -> Self {
        let NewerOrder { id, lines, total, shipping_address: _, placed_at, updated_at, history: _ } = order;
        Self { id, status: Status::Unknown, lines, total, placed_at, updated_at }
    }
}

impl From<StoredOrder> for OrderSummary {
    fn from(order: StoredOrder) -> Self {
        match order {
            StoredOrder::Known(order) => order.into(),
            StoredOrder::Newer(order) => order.into(),
        }
    }
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        let summary = OrderSummary::from(order.clone());
        let Order {
            id: _,
            user_id: _,
            version: _,
            state,
            lines: _,
            total: _,
            shipping_address,
            attempts,
            owed: _,
            reservation_version: _,
            placed_at: _,
            updated_at: _,
            history,
        } = order;
        let mut shortages = Vec::new();
        let (deadline, rejection_reason, cancellation_reason) = match state {
            State::Placed { deadline, payment_method: _ } | State::AwaitingPayment { deadline, hold_until: _ } => {
                (Some(deadline), None, None)
            }
            State::Confirmed => (None, None, None),
            State::Rejected { reason, shortages: missing } => {
                shortages = missing;
                (None, Some(reason), None)
            }
            State::Cancelled { reason } => (None, None, Some(reason)),
        };
        Self {
            summary,
            rejection_reason,
            shortages,
            cancellation_reason,
            deadline,
            payment: attempts.last().copied().map(PaymentBody::from),
            shipping_address: Some(shipping_address),
            history,
        }
    }
}

impl From<StoredOrder> for OrderBody {
    fn from(order: StoredOrder) -> Self {
        match order {
            StoredOrder::Known(order) => order.into(),
            StoredOrder::Newer(order) => Self {
                rejection_reason: None,
                shortages: Vec::new(),
                cancellation_reason: None,
                deadline: None,
                payment: None,
                shipping_address: order.shipping_address.clone(),
                history: order.history.clone(),
                summary: order.into(),
            },
        }
    }
}
