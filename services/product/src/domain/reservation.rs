//! What an order's events mean for its stock.
//!
//! The newest event of an order decides, whatever else arrived before it, after it, or never: so deliveries may be
//! repeated and reordered at will, and always end in the same state. The decision says how stock is to move; whether
//! enough is there, the database decides.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use contracts::{Event, OrderId, ReservationId};

use super::stock::{InvalidLines, Lines, Movement};

/// What is known of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Whose stock it is.
    pub order_id: OrderId,
    /// Made when the first event of the order was handled.
    pub id: ReservationId,
    /// Where the order's stock is.
    pub state: State,
    /// The sequence of the newest event of the order that was handled.
    pub order_sequence: u64,
    /// Counts the changes of this reservation, from 1: the sequence of the events about it.
    pub version: u64,
    /// When the stock is taken back; only while reserved.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Where an order's stock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Set aside.
    Reserved,
    /// Sold.
    Committed,
    /// Given back, or never to be taken: the order was cancelled or rejected.
    Released,
    /// Given back, because no confirmation came in time. One that comes later takes the stock again, if it can.
    Expired,
    /// Never taken: not all of it was there.
    Rejected,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Reserved, Self::Committed, Self::Released, Self::Expired, Self::Rejected];

    /// The state as the store keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Committed => "committed",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }

    /// True while the order has pieces.
    pub const fn holds_stock(self) -> bool {
        matches!(self, Self::Reserved | Self::Committed)
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| format!("no such state: {text}"))
    }
}

/// What an event of an order asks of its stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Set these aside: the order was placed.
    Reserve(Lines),
    /// These are sold: the order was confirmed.
    Commit(Lines),
    /// Nothing is wanted: the order was rejected or cancelled.
    Release,
}

impl Request {
    /// What `event` asks, and for which order; `None` for events that ask nothing of stock.
    pub fn of(event: &Event) -> Result<Option<(OrderId, Self)>, InvalidLines> {
        Ok(match event {
            Event::OrderPlaced(order) => Some((order.order_id, Self::Reserve(order.lines[..].try_into()?))),
            Event::OrderConfirmed(order) => Some((order.order_id, Self::Commit(order.lines[..].try_into()?))),
            Event::OrderRejected(order) => Some((order.order_id, Self::Release)),
            Event::OrderCancelled(order) => Some((order.order_id, Self::Release)),
            _ => None,
        })
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing at all: the event is older than one that was handled, or the same.
    Ignore,
    /// No stock moves; this is the state from now on.
    Settle(State),
    /// All that the order holds moves, which always succeeds.
    Move(Movement, State),
    /// These lines are taken from what is available, and this is the state; or nothing is taken, and it is
    /// [`State::Rejected`].
    Take(&'a Lines, Movement, State),
}

impl fmt::Display for Step<'_> {
    /// For the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("ignore"),
            Self::Settle(state) => f.write_str(state.as_str()),
            Self::Move(_, state) => write!(f, "move stock, {}", state.as_str()),
            Self::Take(_, _, state) => write!(f, "take stock, {} or {}", state.as_str(), State::Rejected.as_str()),
        }
    }
}

/// What the event number `sequence` of an order makes of what is known.
pub fn decide<'a>(known: Option<&Reservation>, request: &'a Request, sequence: u64) -> Step<'a> {
    use State::*;
    if known.is_some_and(|known| sequence <= known.order_sequence) {
        return Step::Ignore;
    }
    match (request, known.map(|known| known.state)) {
        (Request::Reserve(lines), None) => Step::Take(lines, Movement::Reserved, Reserved),
        // An order is placed once, before all else: another such event has nothing to add.
        (Request::Reserve(_), Some(state)) => Step::Settle(state),

        (Request::Commit(_), Some(Reserved)) => Step::Move(Movement::Committed, Committed),
        (Request::Commit(_), Some(Committed)) => Step::Settle(Committed),
        (Request::Commit(lines), None | Some(Released | Expired | Rejected)) => {
            Step::Take(lines, Movement::Retaken, Committed)
        }

        (Request::Release, Some(Reserved)) => Step::Move(Movement::Released, Released),
        (Request::Release, Some(Committed)) => Step::Move(Movement::Returned, Released),
        // Also without any reservation: the mark refuses one that is asked for late.
        (Request::Release, None | Some(Released | Expired | Rejected)) => Step::Settle(Released),
    }
}

/// What the passing of time makes of a reservation.
pub fn expire(known: &Reservation, now: DateTime<Utc>) -> Step<'static> {
    match known.expires_at {
        Some(expires_at) if known.state == State::Reserved && expires_at <= now => {
            Step::Move(Movement::Expired, State::Expired)
        }
        _ => Step::Ignore,
    }
}

impl Reservation {
    /// A reservation of which nothing was decided yet: the predecessor of an order's first one.
    pub fn unwritten(order_id: OrderId, id: ReservationId) -> Self {
        Self { order_id, id, state: State::Released, order_sequence: 0, version: 0, expires_at: None }
    }

    /// The next version, in `state`, after the order's event number `order_sequence`. A reservation that just began
    /// expires at `expires_at`; one that goes on is not prolonged.
    pub fn followed_by(self, state: State, order_sequence: u64, expires_at: DateTime<Utc>) -> Self {
        let expires_at = (state == State::Reserved).then(|| self.expires_at.unwrap_or(expires_at));
        Self { state, order_sequence, expires_at, version: self.version + 1, ..self }
    }
}

#[cfg(test)]
#[path = "reservation_tests.rs"]
mod tests;
