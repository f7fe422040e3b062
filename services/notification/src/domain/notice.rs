//! Notices: the messages that events cause.

use contracts::{
    Event, Money, OrderId, UserId,
    event::order::{CancellationReason, OrderLine, RejectionReason},
};

/// Content of a message to a customer, independent of channel and language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The recipient.
    pub user_id: UserId,
    /// The subject, with its data.
    pub subject: Subject,
}

/// Subject of a notice. Each has its own template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The customer has opened an account.
    Welcome,
    /// A visitor, most likely the customer, tried to register with an address that has an account.
    AccountExists,
    /// An order is confirmed.
    OrderConfirmed {
        /// The order.
        order_id: OrderId,
        /// Ordered articles.
        lines: Vec<OrderLine>,
        /// The total.
        total: Money,
    },
    /// An order was rejected.
    OrderRejected {
        /// The order.
        order_id: OrderId,
        /// Reason of the rejection.
        reason: RejectionReason,
        /// Ordered articles.
        lines: Vec<OrderLine>,
    },
    /// An order was cancelled.
    OrderCancelled {
        /// The order.
        order_id: OrderId,
        /// Reason of the cancellation.
        reason: CancellationReason,
        /// Ordered articles.
        lines: Vec<OrderLine>,
    },
}

impl Notice {
    /// Returns the notice that the event causes, if any.
    ///
    /// An event causes at most one notice, so the event's id identifies a notice about an account. Notices about an
    /// order are identified by [`Self::order`].
    pub fn of(event: &Event) -> Option<Self> {
        let (user_id, subject) = match event {
            Event::UserRegistered(data) => (data.user_id, Subject::Welcome),
            Event::UserRegistrationRepeated(data) => (data.user_id, Subject::AccountExists),
            Event::OrderConfirmed(data) => {
                let (order_id, lines) = (data.order_id, data.lines.clone());
                (data.user_id, Subject::OrderConfirmed { order_id, lines, total: data.total })
            }
            Event::OrderRejected(data) => {
                let (order_id, lines) = (data.order_id, data.lines.clone());
                (data.user_id, Subject::OrderRejected { order_id, reason: data.reason, lines })
            }
            Event::OrderCancelled(data) => {
                let (order_id, lines) = (data.order_id, data.lines.clone());
                (data.user_id, Subject::OrderCancelled { order_id, reason: data.reason, lines })
            }
            Event::UserUpdated(_)
            | Event::UserDeleted(_)
            | Event::ProductChanged(_)
            | Event::StockReserved(_)
            | Event::StockRejected(_)
            | Event::CatalogueRequested(_)
            | Event::ReservationExpiring(_)
            | Event::StockReturned(_)
            | Event::ReservationExpired(_)
            | Event::OrderPlaced(_)
            | Event::PaymentRequested(_)
            | Event::VoidRequested(_)
            | Event::PaymentAuthorized(_)
            | Event::PaymentDeclined(_)
            | Event::PaymentVoided(_) => return None,
        };
        Some(Self { user_id, subject })
    }

    /// The order that the notice is about, and the kind of the notice. None if it is about an account.
    pub const fn order(&self) -> Option<(OrderId, OrderNoticeKind)> {
        match self.subject {
            Subject::Welcome | Subject::AccountExists => None,
            Subject::OrderConfirmed { order_id, .. } => Some((order_id, OrderNoticeKind::Confirmed)),
            Subject::OrderRejected { order_id, .. } => Some((order_id, OrderNoticeKind::Rejected)),
            Subject::OrderCancelled { order_id, .. } => Some((order_id, OrderNoticeKind::Cancelled)),
        }
    }

    /// The order that the notice is about, if any.
    pub fn order_id(&self) -> Option<OrderId> {
        self.order().map(|(order_id, _)| order_id)
    }
}

/// Kind of a notice about an order. A customer gets at most one of each kind about an order, since order repeats an
/// event until its consumers have acknowledged it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderNoticeKind {
    /// The order is confirmed.
    Confirmed,
    /// The order was rejected.
    Rejected,
    /// The order was cancelled.
    Cancelled,
}

impl OrderNoticeKind {
    /// Name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Subject {
    /// Name of the template, in the folder of every language.
    pub const fn template(&self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::AccountExists => "account_exists",
            Self::OrderConfirmed { .. } => "order_confirmed",
            Self::OrderRejected { .. } => "order_rejected",
            Self::OrderCancelled { .. } => "order_cancelled",
        }
    }
}
