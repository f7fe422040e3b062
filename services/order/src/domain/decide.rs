//! The saga: the reaction of an order to every input.
//!
//! One pure function, so that thousands of schedules of late, duplicate and reordered messages can be run in memory.
//! Every arm must hold for every history: an input that arrives late or twice changes nothing, or is compensated.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Event, Money, OrderId, PaymentId, Sku,
    event::{
        order::{
            CancellationReason, OrderCancelled, OrderConfirmed, OrderRejected, PaymentRequested, RejectionReason,
            VoidRequested,
        },
        payment::DeclineReason,
        product::{ReservedLine, StockReserved},
    },
    money::MoneyError,
};

use super::{Attempt, AttemptStatus, Input, Order, PaymentMethod, State, Status, Transition};

/// Time between the payment deadline and the end of the reservation, so that a confirmation at the deadline still finds
/// the stock reserved.
pub const RESERVATION_MARGIN: TimeDelta = TimeDelta::seconds(15);

/// Time after which an unconfirmed void is requested again: longer than the retries of payment's queue (five receives,
/// 90 seconds apart).
pub const VOID_RETRY_DELAY: TimeDelta = TimeDelta::minutes(15);

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
        Input::StockRejected => Ok(context.stock_rejected()),
        Input::ReservationExpired => Ok(context.reservation_expired()),
        Input::PaymentAuthorized { payment_id, amount } => Ok(context.payment_authorized(*payment_id, *amount)),
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
struct OrderContext<'a> {
    order: &'a Order,
    input: &'a Input,
    rules: &'a Rules,
    now: DateTime<Utc>,
}

/// Decisions: one function per input.
impl OrderContext<'_> {
    /// Fixes the total at the authoritative prices and requests the payment. A customer is never charged more than
    /// shown: if any price increased, the order is rejected. A reservation of an order that has ended needs no
    /// response: product consumes the order's final event and releases the reservation.
    fn stock_reserved(&self, reservation: &StockReserved, payment_id: PaymentId) -> Result<Option<Decision>, Refusal> {
        let State::Placed { payment_method, .. } = &self.order.state else { return Ok(None) };
        let Some(order) = self.priced_by(reservation)? else {
            return Ok(Some(self.reject(RejectionReason::PriceIncreased)));
        };
        let deadline = (self.now + self.rules.payment_deadline).min(reservation.expires_at - RESERVATION_MARGIN);
        if deadline <= self.now {
            return Ok(Some(self.cancel(CancellationReason::StockTimeout)));
        }
        Ok(Some(self.request_payment(order, payment_id, payment_method, deadline)))
    }

    fn stock_rejected(&self) -> Option<Decision> {
        match self.order.state {
            State::Placed { .. } => Some(self.reject(RejectionReason::OutOfStock)),
            // Product's response to a confirmation that arrived after the reservation expired.
            State::AwaitingPayment { .. } | State::Confirmed => Some(self.cancel(CancellationReason::StockLost)),
            State::Rejected { .. } | State::Cancelled { .. } => None,
        }
    }

    fn reservation_expired(&self) -> Option<Decision> {
        match self.order.state {
            // The event of the reservation itself arrives later.
            State::Placed { .. } => Some(self.cancel(CancellationReason::StockTimeout)),
            State::AwaitingPayment { .. } => Some(self.cancel(CancellationReason::PaymentTimeout)),
            // Product consumes the confirmation, and reserves the stock again or rejects it.
            State::Confirmed | State::Rejected { .. } | State::Cancelled { .. } => None,
        }
    }

    /// Only an authorization of the current attempt, over exactly the total, confirms the order. Any other one is
    /// voided: it arrived after the end, belongs to an old attempt, or is over a wrong amount.
    fn payment_authorized(&self, payment_id: PaymentId, amount: Money) -> Option<Decision> {
        match (&self.order.state, self.order.attempt(payment_id)) {
            (State::AwaitingPayment { .. }, Some(AttemptStatus::Requested)) if amount == self.order.total => {
                Some(self.confirm(payment_id))
            }
            (_, Some(AttemptStatus::Authorized | AttemptStatus::Voided)) => None,
            _ => Some(self.void(payment_id)),
        }
    }

    /// The order remains open for another card until its deadline. It ends if no card would help.
    fn payment_declined(&self, payment_id: PaymentId, decline_reason: DeclineReason) -> Option<Decision> {
        match (&self.order.state, self.order.attempt(payment_id)) {
            (State::AwaitingPayment { .. }, Some(AttemptStatus::Requested)) => {
                let order = with_attempt(self.order, payment_id, AttemptStatus::Declined { decline_reason });
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
        match (&self.order.state, self.order.attempt(payment_id)?) {
            (_, AttemptStatus::Declined { .. } | AttemptStatus::Voided) => None,
            // Voided without a request. An order without its money must not be shipped.
            (State::Confirmed, AttemptStatus::Authorized) => {
                let order = with_attempt(self.order, payment_id, AttemptStatus::Voided);
                Some(self.cancelled(order, CancellationReason::PaymentTimeout))
            }
            _ => Some(self.changed(with_attempt(self.order, payment_id, AttemptStatus::Voided), Vec::new())),
        }
    }

    fn deadline_passed(&self) -> Option<Decision> {
        match self.order.state {
            State::Placed { deadline, .. } if deadline <= self.now => {
                Some(self.cancel(CancellationReason::StockTimeout))
            }
            State::AwaitingPayment { deadline } if deadline <= self.now => {
                Some(self.cancel(CancellationReason::PaymentTimeout))
            }
            _ => self.overdue_void().map(|payment_id| self.void_again(payment_id)),
        }
    }

    /// Returns one attempt at a time: no two events of one change are for the same consumer.
    fn overdue_void(&self) -> Option<PaymentId> {
        let is_overdue =
            |status| matches!(status, AttemptStatus::VoidRequested { ask_again_at } if ask_again_at <= self.now);
        self.order.attempts.iter().find(|attempt| is_overdue(attempt.status)).map(|attempt| attempt.payment_id)
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
        let State::AwaitingPayment { deadline } = self.order.state else {
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
        Ok(self.request_payment(self.order.clone(), payment_id, method, deadline))
    }
}

/// Changes that the decisions consist of.
impl OrderContext<'_> {
    /// Returns the order at the prices of the reservation; `None` if any price is higher than shown, or is in another
    /// currency and cannot be compared.
    fn priced_by(&self, reservation: &StockReserved) -> Result<Option<Order>, Refusal> {
        let reserved: BTreeMap<&Sku, &ReservedLine> = reservation.lines.iter().map(|line| (&line.sku, line)).collect();
        if reserved.len() != self.order.lines.len() {
            return Err(Refusal::ReservationMismatch);
        }
        let mut order = self.order.clone();
        order.total = Money::zero(order.total.currency);
        for line in &mut order.lines {
            let reserved = reserved.get(&line.sku).filter(|reserved| reserved.quantity == line.quantity);
            let price = reserved.ok_or(Refusal::ReservationMismatch)?.unit_price;
            if price.currency != line.unit_price.currency || price.minor > line.unit_price.minor {
                return Ok(None);
            }
            line.unit_price = price;
            order.total = order.total.checked_add(price.checked_mul(line.quantity)?)?;
        }
        Ok(Some(order))
    }

    fn request_payment(
        &self,
        mut order: Order,
        payment_id: PaymentId,
        payment_method: &PaymentMethod,
        deadline: DateTime<Utc>,
    ) -> Decision {
        let requested = PaymentRequested {
            order_id: order.id,
            user_id: order.user_id,
            payment_id,
            amount: order.total,
            payment_method: payment_method.as_str().to_owned(),
            deadline,
        };
        order.attempts.push(Attempt { payment_id, status: AttemptStatus::Requested });
        order.state = State::AwaitingPayment { deadline };
        self.changed(order, vec![Event::PaymentRequested(requested)])
    }

    fn confirm(&self, payment_id: PaymentId) -> Decision {
        let mut order = with_attempt(self.order, payment_id, AttemptStatus::Authorized);
        order.state = State::Confirmed;
        let Order { id: order_id, user_id, total, .. } = order;
        let confirmed = OrderConfirmed { order_id, user_id, lines: order.lines.clone(), total };
        self.changed(order, vec![Event::OrderConfirmed(confirmed)])
    }

    fn reject(&self, reason: RejectionReason) -> Decision {
        let mut order = self.order.clone();
        order.state = State::Rejected { reason };
        let rejected = OrderRejected { order_id: order.id, user_id: order.user_id, reason, lines: order.lines.clone() };
        self.changed(order, vec![Event::OrderRejected(rejected)])
    }

    fn cancel(&self, reason: CancellationReason) -> Decision {
        self.cancelled(self.order.clone(), reason)
    }

    /// Ends the order and voids the attempt that holds money, or may still get it. There is at most one.
    fn cancelled(&self, mut order: Order, reason: CancellationReason) -> Decision {
        order.state = State::Cancelled { reason };
        let cancelled =
            OrderCancelled { order_id: order.id, user_id: order.user_id, reason, lines: order.lines.clone() };
        let mut events = vec![Event::OrderCancelled(cancelled)];
        for attempt in &mut order.attempts {
            if matches!(attempt.status, AttemptStatus::Requested | AttemptStatus::Authorized) {
                attempt.status = self.void_requested();
                events.push(void_request(order.id, attempt.payment_id));
            }
        }
        self.changed(order, events)
    }

    fn void(&self, payment_id: PaymentId) -> Decision {
        let order = with_attempt(self.order, payment_id, self.void_requested());
        self.changed(order, vec![void_request(self.order.id, payment_id)])
    }

    /// Requests a void again. The history does not record it: the order does not change for its owner, and the retries
    /// may continue for long.
    fn void_again(&self, payment_id: PaymentId) -> Decision {
        let mut decision = self.void(payment_id);
        decision.order.history.truncate(self.order.history.len());
        decision
    }

    fn void_requested(&self) -> AttemptStatus {
        AttemptStatus::VoidRequested { ask_again_at: self.now + VOID_RETRY_DELAY }
    }

    fn changed(&self, mut order: Order, events: Vec<Event>) -> Decision {
        order.version += 1;
        order.updated_at = self.now;
        order.history.push(Transition { at: self.now, status: order.state.status(), cause: self.input.cause() });
        Decision { order, events }
    }
}

fn with_attempt(order: &Order, payment_id: PaymentId, status: AttemptStatus) -> Order {
    let mut order = order.clone();
    for attempt in order.attempts.iter_mut().filter(|attempt| attempt.payment_id == payment_id) {
        attempt.status = status;
    }
    order
}

fn void_request(order_id: OrderId, payment_id: PaymentId) -> Event {
    Event::VoidRequested(VoidRequested { order_id, payment_id })
}
