//! Changes that decisions consist of: the next version of the order, and its events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::{
    Event, Money, PaymentId, Sku,
    event::{
        order::{
            CancellationReason, OrderCancelled, OrderConfirmed, OrderRejected, PaymentRequested, RejectionReason,
            VoidRequested,
        },
        product::{ReservedLine, Shortage, StockReserved},
    },
};

use super::{
    Attempt, AttemptStatus, Decision, Obligation, Order, Owed, PaymentMethod, Refusal, State, Transition,
    decide::OrderContext,
};

impl OrderContext<'_> {
    /// Returns the order at the prices of the reservation; `None` if any price is higher than shown, or is in another
    /// currency and cannot be compared.
    pub(super) fn priced_by(&self, reservation: &StockReserved) -> Result<Option<Order>, Refusal> {
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

    pub(super) fn request_payment(
        &self,
        mut order: Order,
        payment_id: PaymentId,
        payment_method: &PaymentMethod,
        hold_until: DateTime<Utc>,
    ) -> Decision {
        let deadline = (self.now + self.rules.payment_deadline).min(hold_until);
        order.attempts.push(Attempt { payment_id, status: AttemptStatus::Requested });
        order.state = State::AwaitingPayment { deadline, hold_until: Some(hold_until) };
        order.settle(&Owed::Reservation);
        let what = Owed::Authorization { payment_id, payment_method: payment_method.clone() };
        order.owe(Obligation::new(what, self.now));
        let requested = payment_request(&order, payment_id, payment_method, deadline);
        self.changed(order, vec![requested])
    }

    pub(super) fn confirm(&self, payment_id: PaymentId, expires_at: Option<DateTime<Utc>>) -> Decision {
        let mut order = with_attempt(self.order, payment_id, AttemptStatus::Authorized { expires_at });
        order.state = State::Confirmed;
        order.settle_payment(payment_id);
        if let Some(expires_at) = expires_at {
            order.owe(Obligation::capture(payment_id, expires_at, self.now));
        }
        let events = end_of(&order);
        self.changed(order, events)
    }

    pub(super) fn reject(&self, reason: RejectionReason, shortages: &[Shortage]) -> Decision {
        let mut order = self.order.clone();
        order.state = State::Rejected { reason, shortages: shortages.to_vec() };
        order.settle(&Owed::Reservation);
        let events = end_of(&order);
        self.changed(order, events)
    }

    pub(super) fn cancel(&self, reason: CancellationReason) -> Decision {
        self.cancelled(self.order.clone(), reason)
    }

    /// Ends the order and voids the attempt that holds money, or may still get it. There is at most one. Stock that was
    /// sold is to be returned, unless product has just told that it is lost.
    pub(super) fn cancelled(&self, mut order: Order, reason: CancellationReason) -> Decision {
        let is_sold = order.state == State::Confirmed && reason != CancellationReason::StockLost;
        order.state = State::Cancelled { reason };
        order.settle(&Owed::Reservation);
        if is_sold {
            order.owe(Obligation::new(Owed::Return, self.now));
        }
        let mut events = end_of(&order);
        for attempt in order.attempts.clone() {
            if matches!(attempt.status, AttemptStatus::Requested | AttemptStatus::Authorized { .. }) {
                events.push(self.owe_void(&mut order, attempt.payment_id));
            }
        }
        self.changed(order, events)
    }

    pub(super) fn void(&self, payment_id: PaymentId) -> Decision {
        let mut order = self.order.clone();
        let event = self.owe_void(&mut order, payment_id);
        self.changed(order, vec![event])
    }

    /// Requests a void, also of an attempt that the order does not know.
    fn owe_void(&self, order: &mut Order, payment_id: PaymentId) -> Event {
        let obligation = Obligation::new(Owed::Void { payment_id }, self.now);
        let status = AttemptStatus::VoidRequested { ask_again_at: obligation.ask_again_at };
        *order = with_attempt(order, payment_id, status);
        order.settle_payment(payment_id);
        order.owe(obligation);
        void_request(order, payment_id)
    }

    /// Repeats the latest event of an order that is not pending, as the answer to question `version` of product.
    pub(super) fn repeat_end(&self, version: u64) -> Option<Decision> {
        if version <= self.order.reservation_version {
            return None;
        }
        let mut order = self.order.clone();
        order.reservation_version = version;
        let events = end_of(&order);
        Some(self.repeated(order, events))
    }

    /// Requests again what is owed. The capture is up to the shop: that it is overdue is logged once.
    pub(super) fn ask_again(&self, overdue: &Obligation) -> Decision {
        let mut order = self.order.clone();
        if matches!(overdue.what, Owed::Capture { .. }) {
            order.settle(&overdue.what);
        }
        for owed in order.owed.iter_mut().filter(|owed| owed.what == overdue.what) {
            owed.ask_again(self.now);
        }
        let events = match (&overdue.what, order.state.deadline()) {
            (Owed::Reservation, Some(_)) => vec![order.placed_event()],
            (Owed::Authorization { payment_id, payment_method }, Some(deadline)) => {
                vec![payment_request(&order, *payment_id, payment_method, deadline)]
            }
            (Owed::Void { payment_id }, _) => vec![void_request(&order, *payment_id)],
            (Owed::Return, _) => end_of(&order),
            (Owed::Reservation | Owed::Authorization { .. } | Owed::Capture { .. }, _) => Vec::new(),
        };
        Decision { overdue: Some(overdue.clone()), ..self.repeated(order, events) }
    }

    /// The history does not record repeated requests: the order does not change for its owner, and they may continue
    /// for long.
    fn repeated(&self, mut order: Order, events: Vec<Event>) -> Decision {
        order.version += 1;
        Decision { order, events, overdue: None }
    }

    pub(super) fn changed(&self, mut order: Order, events: Vec<Event>) -> Decision {
        order.version += 1;
        order.updated_at = self.now;
        order.history.push(Transition { at: self.now, status: order.state.status(), cause: self.input.cause() });
        Decision { order, events, overdue: None }
    }
}

pub(super) fn with_attempt(order: &Order, payment_id: PaymentId, status: AttemptStatus) -> Order {
    let mut order = order.clone();
    for attempt in order.attempts.iter_mut().filter(|attempt| attempt.payment_id == payment_id) {
        attempt.status = status;
    }
    order
}

/// Returns the event of an order that is not pending; none if it is.
fn end_of(order: &Order) -> Vec<Event> {
    let Order { id: order_id, user_id, total, .. } = *order;
    let lines = order.lines.clone();
    match order.state {
        State::Placed { .. } | State::AwaitingPayment { .. } => Vec::new(),
        State::Confirmed => vec![Event::OrderConfirmed(OrderConfirmed { order_id, user_id, lines, total })],
        State::Rejected { reason, .. } => {
            vec![Event::OrderRejected(OrderRejected { order_id, user_id, reason, lines })]
        }
        State::Cancelled { reason } => {
            vec![Event::OrderCancelled(OrderCancelled { order_id, user_id, reason, lines })]
        }
    }
}

fn payment_request(
    order: &Order,
    payment_id: PaymentId,
    payment_method: &PaymentMethod,
    deadline: DateTime<Utc>,
) -> Event {
    Event::PaymentRequested(PaymentRequested {
        order_id: order.id,
        user_id: order.user_id,
        payment_id,
        amount: order.total,
        payment_method: payment_method.as_str().to_owned(),
        deadline,
    })
}

fn void_request(order: &Order, payment_id: PaymentId) -> Event {
    Event::VoidRequested(VoidRequested { order_id: order.id, payment_id })
}
