//! The saga: what an order does about everything that may happen to it.
//!
//! One pure function, so that thousands of schedules of late, doubled and reordered messages can be run in memory.
//! Every arm must hold whatever came before it: a message that arrives twice or late finds a state in which it
//! changes nothing, or is undone.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Event, Money, PaymentId,
    event::{
        order::{CancellationReason, RejectionReason},
        payment::DeclineReason,
        product::StockReserved,
    },
    money::MoneyError,
};

use super::{AttemptStatus, Input, Order, PaymentMethod, State, Status, change::with_attempt};

/// How long before the end of its reservation an order stops waiting for money, so that the confirmation of a payment
/// in the last moment still finds the stock set aside.
pub const RESERVATION_MARGIN: TimeDelta = TimeDelta::seconds(15);

/// How long payment may take to undo an attempt before it is asked again: longer than its queue tries (five receives,
/// 90 seconds apart).
pub const VOID_PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// The most payment attempts of one order: enough for a wallet of cards, too few for trying out stolen ones.
pub const MAX_ATTEMPTS: usize = 10;

/// How long an order waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// For its stock, from its placing on.
    pub stock_deadline: TimeDelta,
    /// For the money, from the reservation on.
    pub payment_deadline: TimeDelta,
}

/// What follows from an input: commit both together, or neither.
///
/// All events of one decision share the order's new version as their sequence. No two of them are for the same
/// consumer, so a consumer may ignore everything that is not newer than what it has seen of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The order after the change; its version is one higher.
    pub order: Order,
    /// What is to be told.
    pub events: Vec<Event>,
}

/// Why an input is not carried out. The message is fit for the order's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A rejected order cannot be cancelled.
    #[error("an order that is {} cannot be cancelled", .0.as_str())]
    NotCancellable(Status),
    /// Only an order that waits for money takes a payment method.
    #[error("an order that is {} does not wait for a payment method", .0.as_str())]
    NotAwaitingPayment(Status),
    /// The current attempt has not been declined.
    #[error("the payment is still under way: another payment method is only taken after a decline")]
    PaymentUnderWay,
    /// Too late.
    #[error("the time to pay is over")]
    TimeIsOver,
    /// There were [`MAX_ATTEMPTS`] already.
    #[error("the order had {MAX_ATTEMPTS} payment attempts, and takes no more")]
    TooManyAttempts,
    /// Product set other things aside than were ordered. A fault of ours: the order runs into its deadline.
    #[error("the reservation is not of what was ordered")]
    OtherReservation,
    /// The total cannot be computed.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

/// What `order` does about `input` at the moment `now`; none if it changes nothing.
pub fn decide(order: &Order, input: &Input, rules: &Rules, now: DateTime<Utc>) -> Result<Option<Decision>, Refusal> {
    let step = Step { order, input, rules, now };
    match input {
        Input::StockReserved { reservation, payment_id } => step.stock_reserved(reservation, *payment_id),
        Input::StockRejected => Ok(step.stock_rejected()),
        Input::ReservationExpired => Ok(step.reservation_expired()),
        Input::PaymentAuthorized { payment_id, amount } => Ok(step.payment_authorized(*payment_id, *amount)),
        Input::PaymentDeclined { payment_id, reason } => Ok(step.payment_declined(*payment_id, *reason)),
        Input::PaymentVoided { payment_id } => Ok(step.payment_voided(*payment_id)),
        Input::DeadlinePassed => Ok(step.deadline_passed()),
        Input::CancelRequested => step.cancel_requested(),
        Input::PaymentMethodGiven { payment_id, payment_method } => {
            step.payment_method_given(*payment_id, payment_method).map(Some)
        }
    }
}

/// One order, what happens to it, and when.
pub(super) struct Step<'a> {
    pub(super) order: &'a Order,
    pub(super) input: &'a Input,
    pub(super) rules: &'a Rules,
    pub(super) now: DateTime<Utc>,
}

impl Step<'_> {
    /// The total is fixed at the authoritative prices, and the money is asked for. Nobody pays more than they were
    /// shown: if anything became dearer, the order is rejected. A reservation for an order that is given up needs no
    /// answer: product hears of the end of the order, and releases what it holds.
    fn stock_reserved(&self, reservation: &StockReserved, payment_id: PaymentId) -> Result<Option<Decision>, Refusal> {
        let State::Placed { payment_method, .. } = &self.order.state else { return Ok(None) };
        let Some(order) = self.at_prices_of(reservation)? else {
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
            // The answer to a confirmation that came after the end of the reservation.
            State::AwaitingPayment { .. } | State::Confirmed => Some(self.cancel(CancellationReason::StockLost)),
            State::Rejected { .. } | State::Cancelled { .. } => None,
        }
    }

    fn reservation_expired(&self) -> Option<Decision> {
        match self.order.state {
            // It overtook the reservation itself.
            State::Placed { .. } => Some(self.cancel(CancellationReason::StockTimeout)),
            State::AwaitingPayment { .. } => Some(self.cancel(CancellationReason::PaymentTimeout)),
            // Product hears of the confirmation, and takes the stock again or says that it is lost.
            State::Confirmed | State::Rejected { .. } | State::Cancelled { .. } => None,
        }
    }

    /// Only the attempt that the order waits for, over exactly its total, confirms it. Any other authorisation is
    /// undone: it came after the end, belongs to an old attempt, or is over a wrong amount.
    fn payment_authorized(&self, payment_id: PaymentId, amount: Money) -> Option<Decision> {
        match (&self.order.state, self.order.attempt(payment_id)) {
            (State::AwaitingPayment { .. }, Some(AttemptStatus::Requested)) if amount == self.order.total => {
                Some(self.confirm(payment_id))
            }
            (_, Some(AttemptStatus::Authorized | AttemptStatus::Voided)) => None,
            _ => Some(self.undo(payment_id)),
        }
    }

    /// The order goes on waiting, for another card or for its deadline. Where no card would help, it ends.
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
                    | DeclineReason::AuthenticationRequired => self.changed(order, Vec::new()),
                })
            }
            _ => None,
        }
    }

    fn payment_voided(&self, payment_id: PaymentId) -> Option<Decision> {
        match (&self.order.state, self.order.attempt(payment_id)?) {
            (_, AttemptStatus::Declined { .. } | AttemptStatus::Voided) => None,
            // Payment gave it up without being asked. An order without its money must not be shipped.
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
            _ => self.overdue_void().map(|payment_id| self.undo_again(payment_id)),
        }
    }

    /// One attempt at a time: two events of one change are never for the same consumer.
    fn overdue_void(&self) -> Option<PaymentId> {
        let is_overdue =
            |status| matches!(status, AttemptStatus::VoidRequested { ask_again_at } if ask_again_at <= self.now);
        self.order.attempts.iter().find(|attempt| is_overdue(attempt.status)).map(|attempt| attempt.payment_id)
    }

    /// Whoever cancels what is cancelled has what they want, for whatever reason it came about.
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
            return Err(Refusal::TimeIsOver);
        }
        match self.order.attempts.last().map(|attempt| attempt.status) {
            Some(AttemptStatus::Declined { .. } | AttemptStatus::Voided) => {}
            _ => return Err(Refusal::PaymentUnderWay),
        }
        if self.order.attempts.len() >= MAX_ATTEMPTS {
            return Err(Refusal::TooManyAttempts);
        }
        Ok(self.request_payment(self.order.clone(), payment_id, method, deadline))
    }
}
