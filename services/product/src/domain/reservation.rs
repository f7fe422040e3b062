//! Decisions about the stock of orders.
//!
//! The newest event of an order decides, whichever events arrived before it, after it, or never: events may be
//! delivered repeatedly and out of order, and the final state is the same. The decision says which stock moves. The
//! database checks that enough is available.
//!
//! Messages may also be lost, so the order repeats a request, as a new event, until it has the answer. A repeated
//! request is answered again. A redelivery, which has a known sequence, changes nothing. Conversely, the end of a
//! reservation is announced before it comes, because its confirmation may be lost. After it, the end of the order is
//! asked for until it is known.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Event, OrderId, ReservationId};

use super::stock::{InvalidLines, Lines, Movement};

/// State of an order's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    pub order_id: OrderId,
    pub id: ReservationId,
    pub state: State,
    /// Sequence of the order's newest handled event.
    pub order_sequence: u64,
    /// Number of changes, from 1: the sequence of the events about this reservation.
    pub version: u64,
    /// Time at which the stock is released; only while reserved.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether the end was announced, and put off.
    pub extended: bool,
    /// Time of the next question about the end of the order; `None` if it is known, or does not matter. Ignored while
    /// reserved: the time itself is announced then.
    pub ask_at: Option<DateTime<Utc>>,
    /// Number of questions since the end of the reservation.
    pub asked: u32,
}

/// Longest time between two questions about the end of an order.
const MAX_PATIENCE: TimeDelta = TimeDelta::hours(6);

/// Number of questions after which an order counts as one that does not answer.
pub const MANY_QUESTIONS: u32 = 5;

/// Times of reservations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Lifetime of an unconfirmed reservation.
    pub ttl: TimeDelta,
    /// Time before its end at which the end is announced.
    pub warning: TimeDelta,
    /// Time by which it is then extended, once. Also the time until the question about the order's end is repeated. It
    /// doubles with each question.
    pub extension: TimeDelta,
}

impl Terms {
    /// Returns the time until the next question after `asked` of them.
    fn patience(&self, asked: u32) -> TimeDelta {
        // More doublings than these exceed the longest time, whatever the first one is.
        (self.extension * (1 << asked.saturating_sub(1).min(15))).min(MAX_PATIENCE)
    }
}

/// State of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The pieces are reserved until the order is confirmed.
    Reserved,
    /// The order was confirmed: the pieces are sold.
    Committed,
    /// The order was cancelled or rejected: its pieces are available again, or must not be reserved any more.
    Released,
    /// No confirmation came in time: the pieces are available again. A late confirmation takes them if it can.
    Expired,
    /// Not all pieces were available: none was taken.
    Rejected,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Reserved, Self::Committed, Self::Released, Self::Expired, Self::Rejected];

    /// Returns the value in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Committed => "committed",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }

    /// True while the order holds pieces.
    pub const fn holds_stock(self) -> bool {
        matches!(self, Self::Reserved | Self::Committed)
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| format!("unknown state: {text}"))
    }
}

/// Command of an order's event to its stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The order was placed: reserve these lines, unless the deadline has passed, after which the order does not accept
    /// them.
    Reserve(Lines, Option<DateTime<Utc>>),
    /// The order was confirmed: these lines are sold.
    Commit(Lines),
    /// The order was rejected: it needs no stock.
    Release,
    /// The order was cancelled: it needs no stock. It waits for the return of stock that was sold to it.
    Return,
}

impl Command {
    /// Returns the command of `event` and its order; `None` for events without a command to stock.
    pub fn from_event(event: &Event) -> Result<Option<(OrderId, Self)>, InvalidLines> {
        Ok(match event {
            Event::OrderPlaced(order) => {
                Some((order.order_id, Self::Reserve(order.lines[..].try_into()?, order.deadline)))
            }
            Event::OrderConfirmed(order) => Some((order.order_id, Self::Commit(order.lines[..].try_into()?))),
            Event::OrderRejected(order) => Some((order.order_id, Self::Release)),
            Event::OrderCancelled(order) => Some((order.order_id, Self::Return)),
            _ => None,
        })
    }
}

/// Movement of stock, and the next state of the reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<'a> {
    /// No change: the event is not newer than the newest handled one.
    Ignore,
    /// No movement; the next state.
    SetState(State),
    /// No movement: what was announced of this state is announced again.
    AnswerAgain(State),
    /// The end of the reservation is announced, and put off until this time.
    Extend(DateTime<Utc>),
    /// The reservation has ended, and the end of its order is not known. It is asked for again, with the patience of
    /// [`Reservation::asked_again`].
    Ask,
    /// Movement of all pieces that the order holds, which always succeeds; the next state.
    MoveHeld(Movement, State),
    /// Movement of these lines out of the available stock, all or none; the next state, which is [`State::Rejected`] if
    /// not all pieces are available.
    Take(&'a Lines, Movement, State),
}

impl fmt::Display for Decision<'_> {
    /// Formats the decision for the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("ignore"),
            Self::SetState(state) => f.write_str(state.as_str()),
            Self::AnswerAgain(state) => write!(f, "{}, answered again", state.as_str()),
            Self::Extend(until) => write!(f, "extended until {until}"),
            Self::Ask => f.write_str("ask for the end of the order"),
            Self::MoveHeld(_, state) => write!(f, "move held stock, {}", state.as_str()),
            Self::Take(_, _, state) => write!(f, "take stock, {} or {}", state.as_str(), State::Rejected.as_str()),
        }
    }
}

/// Decides about the command of an order's event with this sequence, at the time `now`.
pub fn decide<'a>(
    reservation: Option<&Reservation>,
    command: &'a Command,
    sequence: u64,
    now: DateTime<Utc>,
) -> Decision<'a> {
    use State::*;
    if reservation.is_some_and(|reservation| sequence <= reservation.order_sequence) {
        return Decision::Ignore;
    }
    match (command, reservation.map(|reservation| reservation.state)) {
        // The order has ended, or is about to. Under overload, such events must cost as little as possible.
        (Command::Reserve(_, Some(deadline)), None) if *deadline <= now => Decision::SetState(Released),
        (Command::Reserve(lines, _), None) => Decision::Take(lines, Movement::Reserved, Reserved),
        (Command::Reserve(..), Some(state @ (Reserved | Rejected))) => Decision::AnswerAgain(state),
        (Command::Reserve(..), Some(state)) => Decision::SetState(state),

        (Command::Commit(_), Some(Reserved)) => Decision::MoveHeld(Movement::Committed, Committed),
        (Command::Commit(_), Some(Committed)) => Decision::SetState(Committed),
        (Command::Commit(lines), None | Some(Released | Expired | Rejected)) => {
            Decision::Take(lines, Movement::Retaken, Committed)
        }

        (Command::Release | Command::Return, Some(Reserved)) => Decision::MoveHeld(Movement::Released, Released),
        (Command::Release | Command::Return, Some(Committed)) => Decision::MoveHeld(Movement::Returned, Released),
        (Command::Return, Some(Released)) => Decision::AnswerAgain(Released),
        // Without a reservation as well: the tombstone rejects a `placed` that arrives late.
        (Command::Release | Command::Return, None | Some(Released | Expired | Rejected)) => {
            Decision::SetState(Released)
        }
    }
}

/// Decides about a reservation at the time `now`. However late this is, the end is announced before it comes.
pub fn time_passed(reservation: &Reservation, terms: &Terms, now: DateTime<Utc>) -> Decision<'static> {
    match (reservation.state, reservation.expires_at) {
        (State::Reserved, Some(expires_at)) if !reservation.extended && expires_at <= now + terms.warning => {
            Decision::Extend(expires_at.max(now) + terms.extension)
        }
        (State::Reserved, Some(expires_at)) if reservation.extended && expires_at <= now => {
            Decision::MoveHeld(Movement::Expired, State::Expired)
        }
        (State::Expired | State::Rejected, _) if reservation.ask_at.is_some_and(|ask_at| ask_at <= now) => {
            Decision::Ask
        }
        _ => Decision::Ignore,
    }
}

impl Reservation {
    /// Returns the predecessor of an order's first stored reservation.
    pub fn unwritten(order_id: OrderId, id: ReservationId) -> Self {
        let state = State::Released;
        Self {
            order_id,
            id,
            state,
            order_sequence: 0,
            version: 0,
            expires_at: None,
            extended: false,
            ask_at: None,
            asked: 0,
        }
    }

    /// Returns the next version, in `state`, after the order's event with the sequence `order_sequence`. A new
    /// reservation expires at `expires_at`; an existing one keeps its time.
    ///
    /// An order that has ended is not asked any more. A new reservation is asked for at its end, even if the previous
    /// version of the service ends it.
    pub fn followed_by(self, state: State, order_sequence: u64, expires_at: DateTime<Utc>) -> Self {
        let expires_at = (state == State::Reserved).then(|| self.expires_at.unwrap_or(expires_at));
        let (ask_at, asked) = match state {
            State::Reserved => (expires_at, 0),
            State::Committed | State::Released => (None, 0),
            State::Expired | State::Rejected => (self.ask_at, self.asked),
        };
        Self { state, order_sequence, expires_at, ask_at, asked, version: self.version + 1, ..self }
    }

    /// Returns this version, after a confirmation that found no stock. Its rejection may be lost, so the end of the
    /// order is asked for until the cancellation arrives.
    pub fn with_failed_retake(self, terms: &Terms, now: DateTime<Utc>) -> Self {
        Self { ask_at: self.ask_at.or(Some(now + terms.patience(1))), ..self }
    }

    /// Returns the next version, which expires at `expires_at`.
    pub fn extended_until(self, expires_at: DateTime<Utc>) -> Self {
        let expires_at = Some(expires_at);
        Self { expires_at, extended: true, ask_at: expires_at, version: self.version + 1, ..self }
    }

    /// Returns the next version, which has ended without a known end of the order: another question was asked at `now`.
    pub fn asked_again(self, terms: &Terms, now: DateTime<Utc>) -> Self {
        let state = if self.state == State::Reserved { State::Expired } else { self.state };
        let asked = self.asked.saturating_add(1);
        let ask_at = Some(now + terms.patience(asked));
        Self { state, expires_at: None, ask_at, asked, version: self.version + 1, ..self }
    }
}

#[cfg(test)]
#[path = "reservation_tests.rs"]
mod tests;
