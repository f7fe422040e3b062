//! Minimal models of product and payment: what their contracts promise, and nothing else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Event, Money, OrderId, PaymentId, ReservationId, Sku,
    event::{
        order::{PaymentRequested, WantedLine},
        payment::{DeclineReason, PaymentAuthorized, PaymentDeclined, PaymentVoided},
        product::{ReservationExpired, ReservedLine, Shortage, StockRejected, StockReserved},
    },
};
use uuid::Uuid;

pub const RESERVATION_TTL: TimeDelta = TimeDelta::seconds(900);

/// Stock of a shop, reserved per order.
#[derive(Debug, Default)]
pub struct Product {
    pub available: BTreeMap<Sku, u32>,
    pub reservations: BTreeMap<OrderId, Reservation>,
    seen: BTreeMap<OrderId, u64>,
}

#[derive(Debug)]
pub struct Reservation {
    pub lines: Vec<WantedLine>,
    pub state: Holding,
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    Reserved,
    Sold,
    Expired,
    Released,
}

impl Product {
    /// Returns product's response to an event. `price` is the current price of one piece.
    pub fn handle(&mut self, sequence: u64, event: &Event, price: Money, now: DateTime<Utc>) -> Option<Event> {
        let order_id = match event {
            Event::OrderPlaced(placed) => placed.order_id,
            Event::OrderConfirmed(confirmed) => confirmed.order_id,
            Event::OrderRejected(rejected) => rejected.order_id,
            Event::OrderCancelled(cancelled) => cancelled.order_id,
            _ => return None,
        };
        let seen = self.seen.entry(order_id).or_default();
        if sequence <= *seen {
            return None;
        }
        *seen = sequence;
        match event {
            Event::OrderPlaced(placed) => Some(self.reserve(order_id, &placed.lines, price, now)),
            Event::OrderConfirmed(_) => self.sell(order_id),
            _ => {
                self.release(order_id);
                None
            }
        }
    }

    fn reserve(&mut self, order_id: OrderId, lines: &[WantedLine], unit_price: Money, now: DateTime<Utc>) -> Event {
        if !self.take(lines) {
            let shortages = lines.iter().map(|line| Shortage {
                sku: line.sku.clone(),
                requested: line.quantity,
                available: self.available[&line.sku],
            });
            return Event::StockRejected(StockRejected { order_id, shortages: shortages.collect() });
        }
        let expires_at = now + RESERVATION_TTL;
        let reservation = Reservation { lines: lines.to_vec(), state: Holding::Reserved, expires_at };
        assert!(self.reservations.insert(order_id, reservation).is_none(), "stock is reserved once per order");
        let line = |line: &WantedLine| ReservedLine { sku: line.sku.clone(), quantity: line.quantity, unit_price };
        let lines = lines.iter().map(line).collect();
        let reservation_id = ReservationId::from(order_id.as_uuid());
        Event::StockReserved(StockReserved { order_id, reservation_id, lines, expires_at })
    }

    fn sell(&mut self, order_id: OrderId) -> Option<Event> {
        let Reservation { lines, state, .. } = &self.reservations[&order_id];
        let (lines, state) = (lines.clone(), *state);
        let sold = match state {
            Holding::Reserved => true,
            Holding::Expired => self.take(&lines),
            Holding::Sold | Holding::Released => panic!("{order_id} is confirmed as {state:?}"),
        };
        if sold {
            self.set(order_id, Holding::Sold);
            return None;
        }
        let shortages = vec![Shortage { sku: lines[0].sku.clone(), requested: lines[0].quantity, available: 0 }];
        Some(Event::StockRejected(StockRejected { order_id, shortages }))
    }

    fn release(&mut self, order_id: OrderId) {
        let Some(reservation) = self.reservations.get_mut(&order_id) else { return };
        if matches!(reservation.state, Holding::Reserved | Holding::Sold) {
            for line in &reservation.lines {
                *self.available.get_mut(&line.sku).unwrap() += line.quantity;
            }
        }
        self.set(order_id, Holding::Released);
    }

    /// Expires overdue reservations.
    pub fn sweep(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        let overdue = |held: &Reservation| held.state == Holding::Reserved && held.expires_at <= now;
        let ids: Vec<_> = self.reservations.iter().filter(|(_, held)| overdue(held)).map(|(id, _)| *id).collect();
        for order_id in &ids {
            self.release(*order_id);
            self.set(*order_id, Holding::Expired);
        }
        let expired = |order_id: &OrderId| {
            let reservation_id = ReservationId::from(order_id.as_uuid());
            Event::ReservationExpired(ReservationExpired { order_id: *order_id, reservation_id })
        };
        ids.iter().map(expired).collect()
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
    attempts: BTreeMap<PaymentId, (OrderId, Funds)>,
}

/// Money that an attempt holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funds {
    Authorized(Money),
    None,
}

impl Payment {
    /// True if the attempt is known.
    pub fn knows(&self, payment_id: PaymentId) -> bool {
        self.attempts.contains_key(&payment_id)
    }

    /// Returns payment's response to an event.
    pub fn handle(&mut self, event: &Event, issuer: Issuer, now: DateTime<Utc>) -> Option<Event> {
        match event {
            Event::PaymentRequested(request) => self.request(request, issuer, now),
            Event::VoidRequested(void) => self.void(void.payment_id, void.order_id),
            _ => None,
        }
    }

    fn request(&mut self, request: &PaymentRequested, issuer: Issuer, now: DateTime<Utc>) -> Option<Event> {
        let PaymentRequested { payment_id, order_id, amount, .. } = *request;
        if self.attempts.contains_key(&payment_id) {
            return None;
        }
        if now >= request.deadline {
            self.attempts.insert(payment_id, (order_id, Funds::None));
            return Some(Event::PaymentVoided(PaymentVoided { payment_id, order_id }));
        }
        let amount = match issuer {
            Issuer::Declines | Issuer::RefusesTheAmount => {
                self.attempts.insert(payment_id, (order_id, Funds::None));
                let reason = match issuer {
                    Issuer::RefusesTheAmount => DeclineReason::AmountNotAccepted,
                    _ => DeclineReason::CardDeclined,
                };
                return Some(Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, reason }));
            }
            Issuer::Authorizes => amount,
            Issuer::AuthorizesAnotherAmount => Money::new(amount.minor + 1, amount.currency),
        };
        self.attempts.insert(payment_id, (order_id, Funds::Authorized(amount)));
        Some(Event::PaymentAuthorized(PaymentAuthorized { payment_id, order_id, amount, expires_at: None }))
    }

    fn void(&mut self, payment_id: PaymentId, order_id: OrderId) -> Option<Event> {
        match self.attempts.insert(payment_id, (order_id, Funds::None)) {
            Some((_, Funds::None)) => None,
            Some((_, Funds::Authorized(_))) | None => {
                Some(Event::PaymentVoided(PaymentVoided { payment_id, order_id }))
            }
        }
    }

    /// The processor releases an authorization by itself.
    pub fn lapse(&mut self, order_id: OrderId) -> Option<Event> {
        let (payment_id, _) =
            self.attempts.iter().find(|(_, (order, money))| *order == order_id && *money != Funds::None)?;
        self.void(*payment_id, order_id)
    }

    /// Returns the amounts that are held for an order.
    pub fn live(&self, order_id: OrderId) -> Vec<Money> {
        let of_order = self.attempts.values().filter(|(order, _)| *order == order_id);
        let money = of_order.filter_map(|(_, money)| match money {
            Funds::Authorized(amount) => Some(*amount),
            Funds::None => None,
        });
        money.collect()
    }
}

/// Returns an id that is the same in every run.
pub fn numbered<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}
