//! The order service and its neighbours in a simulated time: messages come late, twice and out of order, handlers
//! crash between load and commit, and reminders get lost. A tape of choices decides all of it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashSet},
};

use contracts::{Event, EventId, OrderId, PaymentId};
use order::domain::{Decision, Input, Order, decide};

use super::{
    RULES, at, eur,
    neighbours::{Issuer, Payment, Product, numbered},
    place, visa,
};

/// No test waits longer than this, in seconds.
const END_OF_TIME: i64 = 6 * 60 * 60;
const SWEEP_INTERVAL: i64 = 30;
/// No order waits longer than this after its deadline, in seconds: a sweep, and some crashes on the way.
const LATEST_END: i64 = 300;

/// What every cart shows for a piece of everything.
pub const SHOWN_PRICE: i64 = 100;

/// What happens next, one byte at a time. An exhausted tape says 0: all goes well. So a failing schedule shrinks
/// towards the simplest one that still fails.
#[derive(Debug)]
pub struct Tape {
    bytes: Vec<u8>,
    position: usize,
}

impl Tape {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, position: 0 }
    }

    /// A number below `limit`.
    fn pick(&mut self, limit: i64) -> i64 {
        let byte = self.bytes.get(self.position).copied().unwrap_or(0);
        self.position += 1;
        i64::from(byte) % limit
    }

    fn one_in(&mut self, chance: i64) -> bool {
        self.pick(chance) == chance - 1
    }
}

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub enum Network {
    /// Copies up to three, delays of seconds, minutes and sometimes half an hour, crashes, lost reminders.
    Hostile,
    /// Every message ten times, within seconds, in any order; nothing else goes wrong.
    Tenfold,
    /// Once, in order.
    Fine,
}

/// Something that will happen at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Happening {
    Checkout(OrderId, Vec<(&'static str, u32)>),
    Message { id: EventId, sequence: u64, event: Event },
    Wish(OrderId, Wish),
    Commit { loaded: u64, decision: Box<Decision>, cause: Box<Happening> },
    Reminder(OrderId),
    Sweep,
    Lapse(OrderId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Cancel,
    AnotherCard,
}

pub struct World {
    pub orders: BTreeMap<OrderId, Order>,
    pub product: Product,
    pub payment: Payment,
    /// What issuers say, one by one; when there are no more, they say yes.
    pub issuers: Vec<Issuer>,
    /// What product says a piece costs.
    pub price: i64,
    network: Network,
    tape: Tape,
    now: i64,
    inbox: HashSet<EventId>,
    agenda: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
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
            inbox: HashSet::new(),
            agenda: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            counter: 0,
        }
    }

    /// A customer will place an order: now, or some time later if the world is hostile.
    pub fn place(&mut self, id: OrderId, lines: &[(&'static str, u32)]) {
        let delay = if let Network::Hostile = self.network { self.pause() } else { 0 };
        self.plan(delay, Happening::Checkout(id, lines.to_vec()));
    }

    /// Whatever the customer may wish for afterwards, it comes at any time.
    fn check_out(&mut self, id: OrderId, lines: &[(&str, u32)]) {
        let lines: Vec<_> = lines.iter().map(|(sku, quantity)| (*sku, *quantity, SHOWN_PRICE)).collect();
        self.store(place(id, &lines, self.now));
        if let Network::Hostile = self.network {
            for _ in 0..3 {
                let when = self.pause();
                self.plan(when, Happening::Wish(id, Wish::AnotherCard));
            }
            if self.tape.one_in(3) {
                let when = self.pause();
                self.plan(when, Happening::Wish(id, Wish::Cancel));
            }
            if self.tape.one_in(8) {
                let when = self.pause();
                self.plan(when, Happening::Lapse(id));
            }
        }
    }

    /// A customer wishes something `after` so many seconds.
    pub fn wish(&mut self, id: OrderId, after: i64, wish: Wish) {
        self.plan(after, Happening::Wish(id, wish));
    }

    /// Lets everything happen until nothing is on its way and no order waits.
    pub fn run(&mut self) {
        self.plan(SWEEP_INTERVAL, Happening::Sweep);
        while let Some(Reverse((moment, number))) = self.agenda.pop() {
            assert!(moment < END_OF_TIME, "something never comes to rest");
            self.now = moment;
            let happening = self.happenings.remove(&number).unwrap();
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match &happening {
            Happening::Checkout(id, lines) => self.check_out(*id, lines),
            Happening::Message { sequence, event, .. } => {
                let price = eur(self.price);
                if let Some(answer) = self.product.handle(*sequence, event, price, at(self.now)) {
                    self.send(0, answer);
                }
                let issuer = match event {
                    // The issuer is asked once: payment knows the copy of a request.
                    Event::PaymentRequested(request) if !self.payment.knows(request.payment_id) => self.next_issuer(),
                    _ => Issuer::Authorizes,
                };
                if let Some(answer) = self.payment.handle(event, issuer, at(self.now)) {
                    self.send(0, answer);
                }
                if let Some((order_id, input)) = self.input_of(event) {
                    self.load_and_decide(order_id, &input, happening);
                }
            }
            Happening::Wish(order_id, wish) => {
                let input = match wish {
                    Wish::Cancel => Input::CancelRequested,
                    Wish::AnotherCard => {
                        Input::PaymentMethodGiven { payment_id: self.new_payment_id(), payment_method: visa() }
                    }
                };
                self.load_and_decide(*order_id, &input, happening);
            }
            Happening::Reminder(order_id) => self.load_and_decide(*order_id, &Input::DeadlinePassed, happening),
            Happening::Commit { loaded, decision, cause } => self.commit(*loaded, decision, cause),
            Happening::Lapse(order_id) => {
                if let Some(event) = self.payment.lapse(*order_id) {
                    self.send(0, event);
                }
            }
            Happening::Sweep => self.sweep(),
        }
    }

    fn input_of(&mut self, event: &Event) -> Option<(OrderId, Input)> {
        Some(match event {
            Event::StockReserved(reservation) => {
                let payment_id = self.new_payment_id();
                (reservation.order_id, Input::StockReserved { reservation: reservation.clone(), payment_id })
            }
            Event::StockRejected(rejected) => (rejected.order_id, Input::StockRejected),
            Event::ReservationExpired(expired) => (expired.order_id, Input::ReservationExpired),
            Event::PaymentAuthorized(authorized) => {
                let (payment_id, amount) = (authorized.payment_id, authorized.amount);
                (authorized.order_id, Input::PaymentAuthorized { payment_id, amount })
            }
            Event::PaymentDeclined(declined) => {
                let (payment_id, reason) = (declined.payment_id, declined.reason);
                (declined.order_id, Input::PaymentDeclined { payment_id, reason })
            }
            Event::PaymentVoided(voided) => (voided.order_id, Input::PaymentVoided { payment_id: voided.payment_id }),
            _ => return None,
        })
    }

    /// The first half of a handler. Others may come between it and the second.
    fn load_and_decide(&mut self, order_id: OrderId, input: &Input, cause: Happening) {
        let order = &self.orders[&order_id];
        if let Ok(Some(decision)) = decide(order, input, &RULES, at(self.now)) {
            let commit = Happening::Commit { loaded: order.version, decision: decision.into(), cause: cause.into() };
            let while_it_takes = if let Network::Hostile = self.network { self.tape.pick(4) } else { 0 };
            self.plan(while_it_takes, commit);
        }
    }

    /// The second half: it may never be reached, and it may be refused.
    fn commit(&mut self, loaded: u64, decision: &Decision, cause: &Happening) {
        let crashes = matches!(self.network, Network::Hostile) && self.tape.one_in(10);
        if crashes {
            // What was not acknowledged is delivered again.
            return self.plan(30, cause.clone());
        }
        if let Happening::Message { id, .. } = cause
            && self.inbox.contains(id)
        {
            return;
        }
        if self.orders[&decision.order.id].version != loaded {
            return self.plan(0, cause.clone());
        }
        if let Happening::Message { id, .. } = cause {
            self.inbox.insert(*id);
        }
        self.store(decision.clone());
    }

    fn store(&mut self, Decision { order, events }: Decision) {
        let (to_product, to_payment): (Vec<&Event>, Vec<&Event>) =
            events.iter().partition(|event| !matches!(event, Event::PaymentRequested(_) | Event::VoidRequested(_)));
        assert!(to_product.len() <= 1 && to_payment.len() <= 1, "one event per consumer and version: {events:?}");
        assert!(order.version >= order.history.len() as u64, "only a repeated wish to undo is not in the history");
        let armed = self.orders.get(&order.id).and_then(|before| before.state.deadline());
        if let Some(deadline) = order.state.deadline().filter(|deadline| Some(*deadline) != armed) {
            let lost = matches!(self.network, Network::Hostile) && self.tape.one_in(4);
            if !lost {
                self.plan((deadline - at(self.now)).num_seconds(), Happening::Reminder(order.id));
            }
        }
        let version = order.version;
        self.orders.insert(order.id, order);
        for event in events {
            self.send(version, event);
        }
    }

    fn sweep(&mut self) {
        for event in self.product.sweep(at(self.now)) {
            self.send(0, event);
        }
        let overdue = |order: &&Order| order.due_at().is_some_and(|due| due <= at(self.now));
        let overdue: Vec<OrderId> = self.orders.values().filter(overdue).map(|order| order.id).collect();
        for id in overdue {
            self.load_and_decide(id, &Input::DeadlinePassed, Happening::Reminder(id));
        }
        for order in self.orders.values() {
            let late = order.state.deadline().map_or(0, |deadline| (at(self.now) - deadline).num_seconds());
            assert!(late < LATEST_END, "I1: stuck: {order:#?}");
        }
        let waiting = self.orders.values().any(|order| order.state.deadline().is_some());
        if waiting || !self.agenda.is_empty() {
            self.plan(SWEEP_INTERVAL, Happening::Sweep);
        }
    }

    /// Hands an event to the network.
    fn send(&mut self, sequence: u64, event: Event) {
        self.counter += 1;
        let message = Happening::Message { id: numbered(self.counter), sequence, event };
        let copies = match self.network {
            Network::Fine => 1,
            Network::Tenfold => 10,
            Network::Hostile => [1, 1, 1, 1, 2, 3][self.tape.pick(6) as usize],
        };
        for _ in 0..copies {
            let delay = match self.network {
                Network::Fine => 1,
                Network::Tenfold => self.tape.pick(8),
                Network::Hostile => self.pause(),
            };
            self.plan(delay, message.clone());
        }
    }

    /// Mostly seconds, sometimes minutes, and now and then longer than anybody waits.
    fn pause(&mut self) -> i64 {
        match self.tape.pick(16) {
            0..=9 => self.tape.pick(8),
            10..=12 => self.tape.pick(60),
            13 | 14 => 8 * self.tape.pick(120),
            _ => 20 * self.tape.pick(120),
        }
    }

    fn next_issuer(&mut self) -> Issuer {
        if let Network::Hostile = self.network {
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

    fn plan(&mut self, delay: i64, happening: Happening) {
        self.counter += 1;
        let number = u64::try_from(self.counter).unwrap();
        self.agenda.push(Reverse((self.now + delay, number)));
        self.happenings.insert(number, happening);
    }
}
