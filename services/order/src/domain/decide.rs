//! The saga: the reaction of an order to every input.
//!
//! One pure function, so that thousands of schedules of late, duplicate and reordered messages can be run in memory.
//! Every arm must hold for every history: an input that arrives late or twice changes nothing, or is compensated.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Event, Money, PaymentId,
    event::{
        order::{CancellationReason, RejectionReason},
        payment::DeclineReason,
        product::{Shortage, StockReserved},
    },
    money::MoneyError,
};

use super::{AttemptStatus, Input, Obligation, Order, Owed, PaymentMethod, State, Status, change::with_attempt};

/// Time between the payment deadline and the end of the reservation, so that a confirmation at the deadline still finds
/// the stock reserved.
pub const RESERVATION_MARGIN: TimeDelta = TimeDelta::seconds(15);

/// Time that stock stays reserved for another card after a decline.
pub const DECLINE_HOLD: TimeDelta = TimeDelta::minutes(3);

/// Maximum number of payment attempts of one order: enough for a customer's cards, too few for testing stolen ones.
pub const MAX_ATTEMPTS: usize = 10;

/// Deadlines of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Time for the stock, from the checkout.
    pub stock_deadline: TimeDelta,
    /// Time for the payment, from the reservation.
    pub payment_deadline: TimeDelta,
}

/// Outcome of an input: order and events, committed in one transaction.
///
/// All events of one decision share the order's new version as their sequence. No two of them are for the same
/// consumer, so a consumer may ignore every event that is not newer than the last one it processed for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Order after the change; its version is one higher.
    pub order: Order,
    /// Events to publish.
    pub events: Vec<Event>,
    /// The obligation that was overdue, if the change is another request of it.
    pub overdue: Option<Obligation>,
}

/// Reason why a command or event is refused. The message may be shown to the order's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A rejected order cannot be cancelled.
    #[error("an order that is {} cannot be cancelled", .0.as_str())]
    NotCancellable(Status),
    /// Only an order that awaits payment accepts a payment method.
    #[error("an order that is {} does not accept a payment method", .0.as_str())]
    NotAwaitingPayment(Status),
    /// The current attempt is not declined.
    #[error("the payment is in progress: another payment method is accepted only after a decline")]
    PaymentInProgress,
    /// The payment deadline has passed.
    #[error("the payment deadline has passed")]
    DeadlinePassed,
    /// The order has [`MAX_ATTEMPTS`] attempts.
    #[error("the order has had {MAX_ATTEMPTS} payment attempts, which is the maximum")]
    TooManyAttempts,
    /// The reservation is not for the ordered lines: a contract violation by product. The order is cancelled at its
    /// deadline.
    #[error("the reservation does not match the ordered lines")]
    ReservationMismatch,
    /// The total cannot be computed.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

/// Decides what `input` does to `order` at the time `now`; `None` if it changes nothing.
pub fn decide(order: &Order, input: &Input, rules: &Rules, now: DateTime<Utc>) -> Result<Option<Decision>, Refusal> {
    let context = OrderContext { order, input, rules, now };
    match input {
        Input::StockReserved { reservation, payment_id } => context.stock_reserved(reservation, *payment_id),
        Input::StockRejected { shortages } => Ok(context.stock_rejected(shortages)),
        Input::ReservationExpiring { version } => Ok(context.reservation_expiring(*version)),
        Input::ReservationExpired { version } => Ok(context.reservation_expired(*version)),
        Input::StockReturned => Ok(context.stock_returned()),
        Input::PaymentAuthorized { payment_id, amount, expires_at } => {
            Ok(context.payment_authorized(*payment_id, *amount, *expires_at))
        }
        Input::PaymentDeclined { payment_id, reason } => Ok(context.payment_declined(*payment_id, *reason)),
        Input::PaymentVoided { payment_id } => Ok(context.payment_voided(*payment_id)),
        Input::DeadlinePassed => Ok(context.deadline_passed()),
        Input::CancelRequested => context.cancel_requested(),
        Input::PaymentMethodGiven { payment_id, payment_method } => {
            context.payment_method_given(*payment_id, payment_method).map(Some)
        }
    }
}

/// Arguments of one decision.
pub(super) struct OrderContext<'a> {
    pub(super) order: &'a Order,
    pub(super) input: &'a Input,
    pub(super) rules: &'a Rules,
    pub(super) now: DateTime<Utc>,
}

/// Decisions: one function per input. The changes that they consist of are in [`change`](super::change).
impl OrderContext<'_> {
    /// Fixes the total at the authoritative prices and requests the payment. A customer is never charged more than
    /// shown: if any price increased, the order is rejected. A reservation of an order that has ended needs no
    /// response: product consumes the order's final event and releases the reservation.
    fn stock_reserved(&self, reservation: &StockReserved, payment_id: PaymentId) -> Result<Option<Decision>, Refusal> {
        let State::Placed { payment_method, .. } = &self.order.state else { return Ok(None) };
        let Some(order) = self.priced_by(reservation)? else {
            return Ok(Some(self.reject(RejectionReason::PriceIncreased, &[])));
        };
        let hold_until = reservation.expires_at - RESERVATION_MARGIN;
        if hold_until <= self.now {
            return Ok(Some(self.cancel(CancellationReason::StockTimeout)));
        }
        Ok(Some(self.request_payment(order, payment_id, payment_method, hold_until)))
    }

    fn stock_rejected(&self, shortages: &[Shortage]) -> Option<Decision> {
        match self.order.state {
            State::Placed { .. } => Some(self.reject(RejectionReason::OutOfStock, shortages)),
            // Product's response to a confirmation that arrived after the reservation expired: it has no stock to
            // return.
            State::AwaitingPayment { .. } | State::Confirmed => Some(self.cancel(CancellationReason::StockLost)),
            State::Rejected { .. } | State::Cancelled { .. } => None,
        }
    }

    /// Product has not heard of the order's end: the event is late or lost, so it is repeated.
    fn reservation_expiring(&self, version: u64) -> Option<Decision> {
        match self.order.state {
            State::Placed { .. } | State::AwaitingPayment { .. } => None,
            State::Confirmed | State::Rejected { .. } | State::Cancelled { .. } => self.repeat_end(version),
        }
    }

    fn reservation_expired(&self, version: u64) -> Option<Decision> {
        match self.order.state {
            // The event of the reservation itself arrives later.
            State::Placed { .. } => Some(self.cancel(CancellationReason::StockTimeout)),
            State::AwaitingPayment { .. } => Some(self.cancel(CancellationReason::PaymentTimeout)),
            // A repeated confirmation makes product reserve the stock again, or reject it. Product asks until it knows.
            State::Confirmed | State::Rejected { .. } | State::Cancelled { .. } => self.repeat_end(version),
        }
    }

    fn stock_returned(&self) -> Option<Decision> {
        let is_owed = self.order.owed.iter().any(|owed| owed.what == Owed::Return);
        is_owed.then(|| {
            let mut order = self.order.clone();
            order.settle(&Owed::Return);
            self.changed(order, Vec::new())
        })
    }

    /// Only an authorization of the current attempt, over exactly the total, confirms the order. Any other one is
    /// voided: it arrived after the end, belongs to an old attempt, or is over a wrong amount.
    ///
    /// An authorization that arrives after the deadline, and before the sweep has ended the order, confirms it: its
    /// stock is still reserved, and the customer wants it.
    fn payment_authorized(
        &self,
        payment_id: PaymentId,
        amount: Money,
        expires_at: Option<DateTime<Utc>>,
    ) -> Option<Decision> {
        match (&self.order.state, self.order.attempt(payment_id)) {
            (State::AwaitingPayment { .. }, Some(AttemptStatus::Requested)) if amount == self.order.total => {
                Some(self.confirm(payment_id, expires_at))
            }
            (_, Some(AttemptStatus::Authorized { .. } | AttemptStatus::Voided)) => None,
            // The void is requested already, and is repeated until it is answered.
            _ if self.order.is_void_owed(payment_id) => None,
            _ => Some(self.void(payment_id)),
        }
    }

    /// The order remains open for another card, for a short time. It ends if no card would help.
    fn payment_declined(&self, payment_id: PaymentId, decline_reason: DeclineReason) -> Option<Decision> {
        match (&self.order.state, self.order.attempt(payment_id)) {
            (State::AwaitingPayment { deadline, hold_until }, Some(AttemptStatus::Requested)) => {
                let mut order = with_attempt(self.order, payment_id, AttemptStatus::Declined { decline_reason });
                order.settle_payment(payment_id);
                order.state = State::AwaitingPayment {
                    deadline: (*deadline).min(self.now + DECLINE_HOLD),
                    hold_until: hold_until.or(Some(*deadline)),
                };
                Some(match decline_reason {
                    DeclineReason::AmountNotAccepted => self.cancelled(order, CancellationReason::AmountNotAccepted),
                    DeclineReason::CardDeclined
                    | DeclineReason::InsufficientFunds
                    | DeclineReason::ExpiredCard
                    | DeclineReason::InvalidCard
                    | DeclineReason::AuthenticationRequired
                    | DeclineReason::Unknown => self.changed(order, Vec::new()),
                })
            }
            _ => None,
        }
    }

    fn payment_voided(&self, payment_id: PaymentId) -> Option<Decision> {
        let mut order = with_attempt(self.order, payment_id, AttemptStatus::Voided);
        order.settle_payment(payment_id);
        match (&self.order.state, self.order.attempt(payment_id)) {
            // Voided without a request. An order without its money must not be shipped.
            (State::Confirmed, Some(AttemptStatus::Authorized { .. })) => {
                Some(self.cancelled(order, CancellationReason::PaymentTimeout))
            }
            (_, None | Some(AttemptStatus::Declined { .. } | AttemptStatus::Voided))
                if !self.order.is_void_owed(payment_id) =>
            {
                None
            }
            _ => Some(self.changed(order, Vec::new())),
        }
    }

    fn deadline_passed(&self) -> Option<Decision> {
        match self.order.state {
            State::Placed { deadline, .. } if deadline <= self.now => {
                Some(self.cancel(CancellationReason::StockTimeout))
            }
            State::AwaitingPayment { deadline, .. } if deadline <= self.now => {
                Some(self.cancel(CancellationReason::PaymentTimeout))
            }
            // One obligation at a time: no two events of one change are for the same consumer.
            _ => self.order.overdue(self.now).map(|overdue| self.ask_again(overdue)),
        }
    }

    /// Cancelling a cancelled order succeeds and changes nothing, whatever cancelled it.
    fn cancel_requested(&self) -> Result<Option<Decision>, Refusal> {
        match self.order.state {
            State::Placed { .. } | State::AwaitingPayment { .. } | State::Confirmed => {
                Ok(Some(self.cancel(CancellationReason::Requested)))
            }
            State::Cancelled { .. } => Ok(None),
            State::Rejected { .. } => Err(Refusal::NotCancellable(self.order.state.status())),
        }
    }

    fn payment_method_given(&self, payment_id: PaymentId, method: &PaymentMethod) -> Result<Decision, Refusal> {
        let State::AwaitingPayment { deadline, hold_until } = self.order.state else {
            return Err(Refusal::NotAwaitingPayment(self.order.state.status()));
        };
        if deadline <= self.now {
            return Err(Refusal::DeadlinePassed);
        }
        match self.order.attempts.last().map(|attempt| attempt.status) {
            Some(AttemptStatus::Declined { .. } | AttemptStatus::Voided) => {}
            _ => return Err(Refusal::PaymentInProgress),
        }
        if self.order.attempts.len() >= MAX_ATTEMPTS {
            return Err(Refusal::TooManyAttempts);
        }
        Ok(self.request_payment(self.order.clone(), payment_id, method, hold_until.unwrap_or(deadline)))
    }
}
