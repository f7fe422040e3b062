//! Minimal models of product and payment: what their contracts promise, and nothing else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Event, Money, OrderId, PaymentId, ReservationId, Sku,
    event::{
        order::{OrderPlaced, PaymentRequested, WantedLine},
        payment::{DeclineReason, PaymentAuthorized, PaymentDeclined, PaymentVoided},
        product::{
            ReservationExpired, ReservationExpiring, ReservedLine, Shortage, StockRejected, StockReserved,
            StockReturned,
        },
    },
};
use uuid::Uuid;

pub const RESERVATION_TTL: TimeDelta = TimeDelta::seconds(900);
/// Time before the end of a reservation at which product asks for the order's latest event.
const EXPIRING: TimeDelta = TimeDelta::seconds(120);
/// Time from the end of a reservation to the second question.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// Stock of a shop, reserved per order.
#[derive(Debug, Default)]
pub struct Product {
    pub available: BTreeMap<Sku, u32>,
    pub reservations: BTreeMap<OrderId, Reservation>,
}

#[derive(Debug)]
pub struct Reservation {
    pub lines: Vec<WantedLine>,
    pub unit_price: Money,
    pub state: Holding,
    pub expires_at: DateTime<Utc>,
    /// Time of the next question to order; `None` if order has told the end.
    ask_at: Option<DateTime<Utc>>,
    asked: i32,
    /// Sequence of the latest event of the order.
    seen: u64,
    /// Version: the sequence of product's events.
    pub version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    Reserved,
    Rejected,
    Sold,
    Expired,
    Released,
}

impl Product {
    /// Returns product's response to an event, with its sequence. `price` is the current price of one piece.
    pub fn handle(&mut self, sequence: u64, event: &Event, price: Money, now: DateTime<Utc>) -> Option<(u64, Event)> {
        let order_id = match event {
            Event::OrderPlaced(placed) => placed.order_id,
            Event::OrderConfirmed(confirmed) => confirmed.order_id,
            Event::OrderRejected(rejected) => rejected.order_id,
            Event::OrderCancelled(cancelled) => cancelled.order_id,
            _ => return None,
        };
        let known = self.reservations.get(&order_id).map(|known| (known.state, known.seen));
        if known.is_some_and(|(_, seen)| sequence <= seen) {
            return None;
        }
        let response = match (event, known.map(|(state, _)| state)) {
            (Event::OrderPlaced(placed), None) => Some(self.reserve(placed, price, now)),
            (Event::OrderPlaced(_), Some(Holding::Reserved)) => Some(self.reserved(order_id)),
            (Event::OrderPlaced(_), Some(Holding::Rejected)) => Some(self.rejected(order_id)),
            (Event::OrderPlaced(_), Some(_)) => None,
            (Event::OrderConfirmed(_), _) => self.sell(order_id),
            (_, None) => {
                self.insert(order_id, Vec::new(), price, Holding::Released, now);
                None
            }
            (ended, Some(state)) => {
                self.release(order_id, Holding::Released);
                self.ask(order_id, None);
                let is_repeated = matches!(state, Holding::Sold | Holding::Released | Holding::Expired);
                let returned = StockReturned { order_id, reservation_id: reservation_id(order_id) };
                (is_repeated && matches!(ended, Event::OrderCancelled(_))).then_some(Event::StockReturned(returned))
            }
        };
        let reservation = self.reservations.get_mut(&order_id).unwrap();
        reservation.seen = sequence;
        reservation.version += 1;
        response.map(|response| (reservation.version, response))
    }

    fn reserve(&mut self, placed: &OrderPlaced, price: Money, now: DateTime<Utc>) -> Event {
        let OrderPlaced { order_id, lines, deadline, .. } = placed;
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.insert(*order_id, Vec::new(), price, Holding::Rejected, now);
            return Event::StockRejected(StockRejected { order_id: *order_id, shortages: Vec::new() });
        }
        if !self.take(lines) {
            self.insert(*order_id, lines.clone(), price, Holding::Rejected, now);
            return self.rejected(*order_id);
        }
        self.insert(*order_id, lines.clone(), price, Holding::Reserved, now);
        self.ask(*order_id, Some(now + RESERVATION_TTL - EXPIRING));
        self.reserved(*order_id)
    }

    fn insert(
        &mut self,
        order_id: OrderId,
        lines: Vec<WantedLine>,
        unit_price: Money,
        state: Holding,
        now: DateTime<Utc>,
    ) {
        let expires_at = now + RESERVATION_TTL;
        let reservation =
            Reservation { lines, unit_price, state, expires_at, ask_at: None, asked: 0, seen: 0, version: 0 };
        assert!(self.reservations.insert(order_id, reservation).is_none(), "stock is reserved once per order");
    }

    fn reserved(&self, order_id: OrderId) -> Event {
        let Reservation { lines, unit_price, expires_at, .. } = &self.reservations[&order_id];
        let line = |line: &WantedLine| ReservedLine {
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit_price: *unit_price,
        };
        let lines = lines.iter().map(line).collect();
        let reservation_id = reservation_id(order_id);
        Event::StockReserved(StockReserved { order_id, reservation_id, lines, expires_at: *expires_at })
    }

    fn rejected(&self, order_id: OrderId) -> Event {
        let shortages = self.reservations[&order_id].lines.iter().map(|line| Shortage {
            sku: line.sku.clone(),
            requested: line.quantity,
            available: 0,
        });
        Event::StockRejected(StockRejected { order_id, shortages: shortages.collect() })
    }

    fn sell(&mut self, order_id: OrderId) -> Option<Event> {
        let Reservation { lines, state, .. } = &self.reservations[&order_id];
        let (lines, state) = (lines.clone(), *state);
        let sold = match state {
            Holding::Reserved => true,
            Holding::Expired => self.take(&lines),
            Holding::Sold => return None,
            Holding::Released | Holding::Rejected => panic!("{order_id} is confirmed as {state:?}"),
        };
        if sold {
            self.set(order_id, Holding::Sold);
            self.ask(order_id, None);
            return None;
        }
        Some(self.rejected(order_id))
    }

    fn release(&mut self, order_id: OrderId, next: Holding) {
        let reservation = &self.reservations[&order_id];
        if matches!(reservation.state, Holding::Reserved | Holding::Sold) {
            for line in &reservation.lines {
                *self.available.get_mut(&line.sku).unwrap() += line.quantity;
            }
        }
        self.set(order_id, next);
    }

    /// Expires overdue reservations, and asks for the latest event of orders that have not told their end.
    pub fn sweep(&mut self, now: DateTime<Utc>) -> Vec<(u64, Event)> {
        let is_due = |held: &Reservation| held.ask_at.is_some_and(|ask_at| ask_at <= now);
        let ids: Vec<_> = self.reservations.iter().filter(|(_, held)| is_due(held)).map(|(id, _)| *id).collect();
        ids.into_iter().map(|order_id| self.ask_order(order_id, now)).collect()
    }

    fn ask_order(&mut self, order_id: OrderId, now: DateTime<Utc>) -> (u64, Event) {
        let reservation_id = reservation_id(order_id);
        let reservation = self.reservations.get_mut(&order_id).unwrap();
        reservation.version += 1;
        let version = reservation.version;
        if reservation.state == Holding::Reserved && reservation.asked == 0 {
            reservation.asked = 1;
            reservation.expires_at = (now + PATIENCE).max(reservation.expires_at);
            reservation.ask_at = Some(reservation.expires_at);
            let expires_at = reservation.expires_at;
            return (version, Event::ReservationExpiring(ReservationExpiring { order_id, reservation_id, expires_at }));
        }
        reservation.asked += 1;
        let patience = (PATIENCE * (1 << reservation.asked.min(8))).min(TimeDelta::hours(6));
        if reservation.state == Holding::Reserved {
            self.release(order_id, Holding::Expired);
        }
        self.ask(order_id, Some(now + patience));
        (version, Event::ReservationExpired(ReservationExpired { order_id, reservation_id }))
    }

    /// Returns the time of the next question.
    pub fn next_ask(&self) -> Option<DateTime<Utc>> {
        self.reservations.values().filter_map(|held| held.ask_at).min()
    }

    fn ask(&mut self, order_id: OrderId, ask_at: Option<DateTime<Utc>>) {
        self.reservations.get_mut(&order_id).unwrap().ask_at = ask_at;
    }

    fn take(&mut self, lines: &[WantedLine]) -> bool {
        let enough = lines.iter().all(|line| self.available[&line.sku] >= line.quantity);
        if enough {
            for line in lines {
                *self.available.get_mut(&line.sku).unwrap() -= line.quantity;
            }
        }
        enough
    }

    fn set(&mut self, order_id: OrderId, state: Holding) {
        self.reservations.get_mut(&order_id).unwrap().state = state;
    }
}

fn reservation_id(order_id: OrderId) -> ReservationId {
    order_id.as_uuid().into()
}

/// Outcome of an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    Authorizes,
    Declines,
    /// The processor does not accept the amount.
    RefusesTheAmount,
    /// A fault of the processor.
    AuthorizesAnotherAmount,
}

/// Payment attempts, and the money that they hold.
#[derive(Debug, Default)]
pub struct Payment {
    attempts: BTreeMap<PaymentId, Attempt>,
}

#[derive(Debug)]
struct Attempt {
    order_id: OrderId,
    funds: Funds,
    /// Sequence of the order's event that was answered last.
    answered: u64,
}

/// Money that an attempt holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funds {
    Authorized(Money),
    Declined(DeclineReason),
    Voided,
}

impl Payment {
    /// True if the attempt is known.
    pub fn knows(&self, payment_id: PaymentId) -> bool {
        self.attempts.contains_key(&payment_id)
    }

    /// Returns payment's response to an event. A question with a higher sequence is answered again.
    pub fn handle(&mut self, sequence: u64, event: &Event, issuer: Issuer, now: DateTime<Utc>) -> Option<Event> {
        let (payment_id, order_id) = match event {
            Event::PaymentRequested(request) => (request.payment_id, request.order_id),
            Event::VoidRequested(void) => (void.payment_id, void.order_id),
            _ => return None,
        };
        let known = self.attempts.get(&payment_id).map(|attempt| (attempt.funds, attempt.answered));
        if known.is_some_and(|(_, answered)| sequence <= answered) {
            return None;
        }
        let funds = match (event, known) {
            (Event::VoidRequested(_), _) => Funds::Voided,
            (_, Some((funds, _))) => funds,
            (Event::PaymentRequested(request), None) => authorize(request, issuer, now),
            _ => return None,
        };
        self.attempts.insert(payment_id, Attempt { order_id, funds, answered: sequence });
        Some(match funds {
            Funds::Authorized(amount) => {
                Event::PaymentAuthorized(PaymentAuthorized { payment_id, order_id, amount, expires_at: None })
            }
            Funds::Declined(reason) => Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }),
            Funds::Voided => Event::PaymentVoided(PaymentVoided { payment_id, order_id }),
        })
    }

    /// The processor releases an authorization by itself.
    pub fn lapse(&mut self, order_id: OrderId) -> Option<Event> {
        let is_live = |attempt: &Attempt| attempt.order_id == order_id && matches!(attempt.funds, Funds::Authorized(_));
        let (payment_id, attempt) = self.attempts.iter_mut().find(|(_, attempt)| is_live(attempt))?;
        attempt.funds = Funds::Voided;
        Some(Event::PaymentVoided(PaymentVoided { payment_id: *payment_id, order_id }))
    }

    /// Returns the amounts that are held for an order.
    pub fn live(&self, order_id: OrderId) -> Vec<Money> {
        let of_order = self.attempts.values().filter(|attempt| attempt.order_id == order_id);
        let money = of_order.filter_map(|attempt| match attempt.funds {
            Funds::Authorized(amount) => Some(amount),
            Funds::Declined(_) | Funds::Voided => None,
        });
        money.collect()
    }
}

fn authorize(request: &PaymentRequested, issuer: Issuer, now: DateTime<Utc>) -> Funds {
    let amount = request.amount;
    if now >= request.deadline {
        return Funds::Voided;
    }
    match issuer {
        Issuer::Declines => Funds::Declined(DeclineReason::CardDeclined),
        Issuer::RefusesTheAmount => Funds::Declined(DeclineReason::AmountNotAccepted),
        Issuer::Authorizes => Funds::Authorized(amount),
        Issuer::AuthorizesAnotherAmount => Funds::Authorized(Money::new(amount.minor + 1, amount.currency)),
    }
}

/// Returns an id that is the same in every run.
pub fn numbered<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}
