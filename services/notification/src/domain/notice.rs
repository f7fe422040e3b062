//! What customers hear of: which event becomes which message.

use contracts::{
    Event, Money, OrderId, UserId,
    event::order::{CancellationReason, OrderLine, RejectionReason},
};

/// Something that a customer is told, whatever the channel and the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who is told.
    pub user_id: UserId,
    /// What it is about.
    pub subject: Subject,
}

/// What a notice is about. Each has a template of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// They have an account now.
    Welcome,
    /// Somebody, most likely they themselves, tried to register with their address again.
    AccountExists,
    /// An order is theirs.
    OrderConfirmed {
        /// The order.
        order_id: OrderId,
        /// What was bought.
        lines: Vec<OrderLine>,
        /// What it costs.
        total: Money,
    },
    /// An order could not be accepted.
    OrderRejected {
        /// The order.
        order_id: OrderId,
        /// Why.
        reason: RejectionReason,
        /// What was wanted.
        lines: Vec<OrderLine>,
    },
    /// An order was given up.
    OrderCancelled {
        /// The order.
        order_id: OrderId,
        /// Why.
        reason: CancellationReason,
        /// What was ordered.
        lines: Vec<OrderLine>,
    },
}

impl Notice {
    /// What the event means for a customer; nothing where it is no customer's business.
    ///
    /// One event is at most one notice: the event's id is the notice's too.
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

    /// The order that the notice is about, if it is about one.
    pub const fn order_id(&self) -> Option<OrderId> {
        match self.subject {
            Subject::Welcome | Subject::AccountExists => None,
            Subject::OrderConfirmed { order_id, .. }
            | Subject::OrderRejected { order_id, .. }
            | Subject::OrderCancelled { order_id, .. } => Some(order_id),
        }
    }
}

impl Subject {
    /// The name of its template, in the folder of every language.
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
