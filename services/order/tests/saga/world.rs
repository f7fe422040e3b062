//! The order service and its neighbors in simulated time: messages are lost, late, duplicated and reordered, and
//! handlers crash between load and commit. A tape of choices decides all of it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use chrono::{DateTime, Utc};
use contracts::{Event, OrderId, PaymentId};
use order::domain::{Decision, Input, Order, decide};

use super::{
    RULES, at, eur,
    neighbors::{Issuer, Payment, Product, numbered},
    place, visa,
};

/// Limit of the simulated time, in seconds: lost messages are repeated every six hours at the latest.
const END_OF_TIME: i64 = 30 * 24 * 60 * 60;
const SWEEP_INTERVAL: i64 = 10;
/// Limit for an order to settle after its deadline, in seconds: a sweep and some crashes.
const SETTLE_LIMIT: i64 = 300;

/// Price of one piece of every SKU, as shown in every cart.
pub const SHOWN_PRICE: i64 = 100;

/// Choices, one byte each. An exhausted tape returns 0, which is the choice without a fault, so that a failing schedule
/// shrinks to the simplest one that still fails.
#[derive(Debug)]
pub struct Tape {
    bytes: Vec<u8>,
    position: usize,
}

impl Tape {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, position: 0 }
    }

    /// Returns a number below `limit`.
    fn pick(&mut self, limit: i64) -> i64 {
        let byte = self.bytes.get(self.position).copied().unwrap_or(0);
        self.position += 1;
        i64::from(byte) % limit
    }

    fn one_in(&mut self, chance: i64) -> bool {
        self.pick(chance) == chance - 1
    }
}

/// Reliability of the network.
#[derive(Debug, Clone, Copy)]
pub enum Network {
    /// Up to three deliveries, delays of seconds, minutes and sometimes half an hour, crashes.
    Hostile,
    /// As hostile, and one message in eight is lost. Some of them are redelivered hours later, from a dead-letter
    /// queue.
    Lossy,
    /// Ten deliveries of every message, within seconds, in any order; no other faults.
    Tenfold,
    /// One delivery, in order.
    Reliable,
}

/// Scheduled occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Occurrence {
    Checkout(OrderId, Vec<(&'static str, u32)>),
    Message { sequence: u64, event: Event },
    Command(OrderId, Command),
    Commit { loaded: u64, decision: Box<Decision>, cause: Box<Occurrence> },
    Due(OrderId),
    Sweep,
    Lapse(OrderId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Cancel,
    AnotherCard,
}

pub struct World {
    pub orders: BTreeMap<OrderId, Order>,
    pub product: Product,
    pub payment: Payment,
    /// Outcomes of the next authorizations; later ones succeed.
    pub issuers: Vec<Issuer>,
    /// Current price of one piece.
    pub price: i64,
    network: Network,
    tape: Tape,
    now: i64,
    sweeps: BTreeSet<i64>,
    agenda: BinaryHeap<Reverse<(i64, u64)>>,
    occurrences: BTreeMap<u64, Occurrence>,
    counter: u128,
}

impl World {
    pub fn new(network: Network, bytes: Vec<u8>) -> Self {
        Self {
            orders: BTreeMap::new(),
            product: Product::default(),
            payment: Payment::default(),
            issuers: Vec::new(),
            price: SHOWN_PRICE,
            network,
            tape: Tape::new(bytes),
            now: 0,
            sweeps: BTreeSet::new(),
            agenda: BinaryHeap::new(),
            occurrences: BTreeMap::new(),
            counter: 0,
        }
    }

    /// Schedules a checkout: now, or later on a hostile network.
    pub fn place(&mut self, id: OrderId, lines: &[(&'static str, u32)]) {
        let delay = if self.is_hostile() { self.pause() } else { 0 };
        self.plan(delay, Occurrence::Checkout(id, lines.to_vec()));
    }

    /// Places the order, and schedules the customer's later commands at any time.
    fn check_out(&mut self, id: OrderId, lines: &[(&str, u32)]) {
        let lines: Vec<_> = lines.iter().map(|(sku, quantity)| (*sku, *quantity, SHOWN_PRICE)).collect();
        self.store(place(id, &lines, self.now));
        if self.is_hostile() {
            for _ in 0..3 {
                let delay = self.pause();
                self.plan(delay, Occurrence::Command(id, Command::AnotherCard));
            }
            if self.tape.one_in(3) {
                let delay = self.pause();
                self.plan(delay, Occurrence::Command(id, Command::Cancel));
            }
            // Nothing repeats the loss of this message: the processor has to be asked.
            if matches!(self.network, Network::Hostile) && self.tape.one_in(8) {
                let delay = self.pause();
                self.plan(delay, Occurrence::Lapse(id));
            }
        }
    }

    /// Schedules a customer's command in `after` seconds.
    pub fn command(&mut self, id: OrderId, after: i64, command: Command) {
        self.plan(after, Occurrence::Command(id, command));
    }

    fn is_hostile(&self) -> bool {
        matches!(self.network, Network::Hostile | Network::Lossy)
    }

    /// Runs until nothing is scheduled.
    pub fn run(&mut self) {
        while let Some(Reverse((moment, number))) = self.agenda.pop() {
            assert!(moment < END_OF_TIME, "the world never settles");
            self.now = moment;
            let occurrence = self.occurrences.remove(&number).unwrap();
            self.run_one(occurrence);
            if let Some(ask_at) = self.product.next_ask() {
                self.plan_sweep(ask_at);
            }
        }
    }

    fn run_one(&mut self, occurrence: Occurrence) {
        match &occurrence {
            Occurrence::Checkout(id, lines) => self.check_out(*id, lines),
            Occurrence::Message { sequence, event } => {
                let price = eur(self.price);
                if let Some((version, response)) = self.product.handle(*sequence, event, price, at(self.now)) {
                    self.send(version, response);
                }
                let issuer = match event {
                    // The issuer is asked once: payment recognizes a duplicate request.
                    Event::PaymentRequested(request) if !self.payment.knows(request.payment_id) => self.next_issuer(),
                    _ => Issuer::Authorizes,
                };
                if let Some(response) = self.payment.handle(*sequence, event, issuer, at(self.now)) {
                    self.send(0, response);
                }
                if let Some((order_id, input)) = self.input_of(*sequence, event) {
                    self.load_and_decide(order_id, &input, occurrence);
                }
            }
            Occurrence::Command(order_id, command) => {
                let input = match command {
                    Command::Cancel => Input::CancelRequested,
                    Command::AnotherCard => {
                        Input::PaymentMethodGiven { payment_id: self.new_payment_id(), payment_method: visa() }
                    }
                };
                self.load_and_decide(*order_id, &input, occurrence);
            }
            Occurrence::Due(order_id) => self.load_and_decide(*order_id, &Input::DeadlinePassed, occurrence),
            Occurrence::Commit { loaded, decision, cause } => self.commit(*loaded, decision, cause),
            Occurrence::Lapse(order_id) => {
                if let Some(event) = self.payment.lapse(*order_id) {
                    self.send(0, event);
                }
            }
            Occurrence::Sweep => self.sweep(),
        }
    }

    fn input_of(&mut self, sequence: u64, event: &Event) -> Option<(OrderId, Input)> {
        Some(match event {
            Event::StockReserved(reservation) => {
                let payment_id = self.new_payment_id();
                (reservation.order_id, Input::StockReserved { reservation: reservation.clone(), payment_id })
            }
            Event::StockRejected(rejected) => {
                (rejected.order_id, Input::StockRejected { shortages: rejected.shortages.clone() })
            }
            Event::ReservationExpiring(expiring) => {
                (expiring.order_id, Input::ReservationExpiring { version: sequence })
            }
            Event::ReservationExpired(expired) => (expired.order_id, Input::ReservationExpired { version: sequence }),
            Event::StockReturned(returned) => (returned.order_id, Input::StockReturned),
            Event::PaymentAuthorized(authorized) => {
                let (payment_id, amount) = (authorized.payment_id, authorized.amount);
                (authorized.order_id, Input::PaymentAuthorized { payment_id, amount, expires_at: None })
            }
            Event::PaymentDeclined(declined) => {
                let (payment_id, reason) = (declined.payment_id, declined.reason);
                (declined.order_id, Input::PaymentDeclined { payment_id, reason })
            }
            Event::PaymentVoided(voided) => (voided.order_id, Input::PaymentVoided { payment_id: voided.payment_id }),
            _ => return None,
        })
    }

    /// First half of a handler. Others may run between it and the second half.
    fn load_and_decide(&mut self, order_id: OrderId, input: &Input, cause: Occurrence) {
        let order = &self.orders[&order_id];
        if let Ok(Some(decision)) = decide(order, input, &RULES, at(self.now)) {
            let commit = Occurrence::Commit { loaded: order.version, decision: decision.into(), cause: cause.into() };
            let duration = if self.is_hostile() { self.tape.pick(4) } else { 0 };
            self.plan(duration, commit);
        }
    }

    /// Second half of a handler: may crash, and may conflict.
    fn commit(&mut self, loaded: u64, decision: &Decision, cause: &Occurrence) {
        let crashes = self.is_hostile() && self.tape.one_in(10);
        if crashes {
            // The message is not acknowledged, so it is delivered again.
            return self.plan(30, cause.clone());
        }
        if self.orders[&decision.order.id].version != loaded {
            return self.plan(0, cause.clone());
        }
        self.store(decision.clone());
    }

    fn store(&mut self, Decision { order, events, .. }: Decision) {
        let (to_product, to_payment): (Vec<&Event>, Vec<&Event>) =
            events.iter().partition(|event| !matches!(event, Event::PaymentRequested(_) | Event::VoidRequested(_)));
        assert!(to_product.len() <= 1 && to_payment.len() <= 1, "one event per consumer and version: {events:?}");
        assert!(order.version >= order.history.len() as u64, "only repeated requests are not in the history");
        if let Some(due_at) = order.due_at() {
            self.plan_sweep(due_at);
        }
        let version = order.version;
        self.orders.insert(order.id, order);
        for event in events {
            self.send(version, event);
        }
    }

    fn sweep(&mut self) {
        self.sweeps.remove(&self.now);
        for (version, event) in self.product.sweep(at(self.now)) {
            self.send(version, event);
        }
        let overdue = |order: &&Order| order.due_at().is_some_and(|due| due <= at(self.now));
        let overdue: Vec<OrderId> = self.orders.values().filter(overdue).map(|order| order.id).collect();
        for id in overdue {
            self.load_and_decide(id, &Input::DeadlinePassed, Occurrence::Due(id));
        }
        for order in self.orders.values() {
            let late = order.state.deadline().map_or(0, |deadline| (at(self.now) - deadline).num_seconds());
            assert!(late < SETTLE_LIMIT, "I1: stuck: {order:#?}");
        }
        let due = self.orders.values().filter_map(Order::due_at).min();
        if let Some(due_at) = due {
            self.plan_sweep(due_at);
        }
    }

    /// Plans the first sweep after `due_at`.
    fn plan_sweep(&mut self, due_at: DateTime<Utc>) {
        let due = (due_at - at(0)).num_seconds().max(self.now);
        let next = (due / SWEEP_INTERVAL + 1) * SWEEP_INTERVAL;
        if self.sweeps.insert(next) {
            self.plan(next - self.now, Occurrence::Sweep);
        }
    }

    /// Sends an event over the network.
    fn send(&mut self, sequence: u64, event: Event) {
        let message = Occurrence::Message { sequence, event };
        if matches!(self.network, Network::Lossy) && self.tape.one_in(8) {
            if self.tape.one_in(3) {
                let delay = 3600 + 300 * self.tape.pick(120);
                self.plan(delay, message);
            }
            return;
        }
        let copies = match self.network {
            Network::Reliable => 1,
            Network::Tenfold => 10,
            Network::Hostile | Network::Lossy => [1, 1, 1, 1, 2, 3][self.tape.pick(6) as usize],
        };
        for _ in 0..copies {
            let delay = match self.network {
                Network::Reliable => 1,
                Network::Tenfold => self.tape.pick(8),
                Network::Hostile | Network::Lossy => self.pause(),
            };
            self.plan(delay, message.clone());
        }
    }

    /// Returns mostly seconds, sometimes minutes, and rarely more than every deadline.
    fn pause(&mut self) -> i64 {
        match self.tape.pick(16) {
            0..=9 => self.tape.pick(8),
            10..=12 => self.tape.pick(60),
            13 | 14 => 8 * self.tape.pick(120),
            _ => 20 * self.tape.pick(120),
        }
    }

    fn next_issuer(&mut self) -> Issuer {
        if self.is_hostile() {
            return match self.tape.pick(16) {
                0..=9 => Issuer::Authorizes,
                10..=13 => Issuer::Declines,
                14 => Issuer::RefusesTheAmount,
                _ => Issuer::AuthorizesAnotherAmount,
            };
        }
        if self.issuers.is_empty() { Issuer::Authorizes } else { self.issuers.remove(0) }
    }

    fn new_payment_id(&mut self) -> PaymentId {
        self.counter += 1;
        numbered(self.counter)
    }

    fn plan(&mut self, delay: i64, occurrence: Occurrence) {
        self.counter += 1;
        let number = u64::try_from(self.counter).unwrap();
        self.agenda.push(Reverse((self.now + delay, number)));
        self.occurrences.insert(number, occurrence);
    }
}
