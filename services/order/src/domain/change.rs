//! The changes that an order can go through. When each of them is due is for [`decide`](super::decide()) to say.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::{
    Event, Money, OrderId, PaymentId, Sku,
    event::{
        order::{
            CancellationReason, OrderCancelled, OrderConfirmed, OrderRejected, PaymentRequested, RejectionReason,
            VoidRequested,
        },
        product::{ReservedLine, StockReserved},
    },
};

use super::{
    Attempt, AttemptStatus, Decision, Order, PaymentMethod, Refusal, State, Transition,
    decide::{Step, VOID_PATIENCE},
};

impl Step<'_> {
    /// The order at the reservation's prices; none if any of them is higher than what was shown, or is in another
    /// currency and cannot be compared.
    pub(super) fn at_prices_of(&self, reservation: &StockReserved) -> Result<Option<Order>, Refusal> {
        let reserved: BTreeMap<&Sku, &ReservedLine> = reservation.lines.iter().map(|line| (&line.sku, line)).collect();
        if reserved.len() != self.order.lines.len() {
            return Err(Refusal::OtherReservation);
        }
        let mut order = self.order.clone();
        order.total = Money::zero(order.total.currency);
        for line in &mut order.lines {
            let reserved = reserved.get(&line.sku).filter(|reserved| reserved.quantity == line.quantity);
            let price = reserved.ok_or(Refusal::OtherReservation)?.unit_price;
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

    pub(super) fn confirm(&self, payment_id: PaymentId) -> Decision {
        let mut order = with_attempt(self.order, payment_id, AttemptStatus::Authorized);
        order.state = State::Confirmed;
        let confirmed = OrderConfirmed {
            order_id: order.id,
            user_id: order.user_id,
            lines: order.lines.clone(),
            total: order.total,
        };
        self.changed(order, vec![Event::OrderConfirmed(confirmed)])
    }

    pub(super) fn reject(&self, reason: RejectionReason) -> Decision {
        let mut order = self.order.clone();
        order.state = State::Rejected { reason };
        let rejected = OrderRejected { order_id: order.id, user_id: order.user_id, reason, lines: order.lines.clone() };
        self.changed(order, vec![Event::OrderRejected(rejected)])
    }

    pub(super) fn cancel(&self, reason: CancellationReason) -> Decision {
        self.cancelled(self.order.clone(), reason)
    }

    /// Ends the order and undoes the attempt that has money, or may still get it. There is at most one.
    pub(super) fn cancelled(&self, mut order: Order, reason: CancellationReason) -> Decision {
        order.state = State::Cancelled { reason };
        let cancelled =
            OrderCancelled { order_id: order.id, user_id: order.user_id, reason, lines: order.lines.clone() };
        let mut events = vec![Event::OrderCancelled(cancelled)];
        for attempt in &mut order.attempts {
            if matches!(attempt.status, AttemptStatus::Requested | AttemptStatus::Authorized) {
                attempt.status = self.void_requested();
                events.push(void_requested(order.id, attempt.payment_id));
            }
        }
        self.changed(order, events)
    }

    pub(super) fn undo(&self, payment_id: PaymentId) -> Decision {
        let order = with_attempt(self.order, payment_id, self.void_requested());
        self.changed(order, vec![void_requested(self.order.id, payment_id)])
    }

    /// [`Self::undo`] once more. Nobody reads about it in the order's history: it is no change of the order, and may go
    /// on for long.
    pub(super) fn undo_again(&self, payment_id: PaymentId) -> Decision {
        let mut decision = self.undo(payment_id);
        decision.order.history.truncate(self.order.history.len());
        decision
    }

    fn void_requested(&self) -> AttemptStatus {
        AttemptStatus::VoidRequested { ask_again_at: self.now + VOID_PATIENCE }
    }

    pub(super) fn changed(&self, mut order: Order, events: Vec<Event>) -> Decision {
        order.version += 1;
        order.updated_at = self.now;
        order.history.push(Transition { at: self.now, status: order.state.status(), cause: self.input.cause() });
        Decision { order, events }
    }
}

pub(super) fn with_attempt(order: &Order, payment_id: PaymentId, status: AttemptStatus) -> Order {
    let mut order = order.clone();
    for attempt in order.attempts.iter_mut().filter(|attempt| attempt.payment_id == payment_id) {
        attempt.status = status;
    }
    order
}

fn void_requested(order_id: OrderId, payment_id: PaymentId) -> Event {
    Event::VoidRequested(VoidRequested { order_id, payment_id })
}
