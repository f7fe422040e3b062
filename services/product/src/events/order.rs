//! Reservations: the domain decides, and one transaction writes the stock, the reservation and the resulting event.
//!
//! The reservation has the sequence of the newest handled event of its order: this is the processed-message record.

use chrono::{DateTime, Utc};
use contracts::{
    Envelope, Event, EventId, ReservationId, TraceContext,
    event::product::{
        ReservationExpired, ReservationExpiring, ReservedLine, Shortage, StockRejected, StockReserved, StockReturned,
    },
};
use sqlx::PgConnection;

use crate::{
    domain::{
        reservation::{Command, Decision, MANY_QUESTIONS, Reservation, State, Terms, decide, time_passed},
        stock::Movement,
    },
    error::Error,
    store::{
        Database,
        reservations::{self, Change},
        stock::{self, Taken},
    },
};

/// Attempts at an event. Version conflicts occur only at the first version of a reservation: the second attempt finds
/// it.
const ATTEMPTS: usize = 3;

/// Maximum number of reservations per transaction of the sweep.
pub const SWEEP_BATCH: usize = 50;

/// Handles one delivery of an event. The event takes effect once, however often it is delivered. Returns true if there
/// is an event to publish.
pub async fn handle(
    database: &Database,
    envelope: &Envelope,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    for _ in 1..ATTEMPTS {
        match attempt(database, envelope, terms, now).await {
            Err(Error::VersionConflict) => {}
            result => return result,
        }
    }
    attempt(database, envelope, terms, now).await
}

async fn attempt(database: &Database, envelope: &Envelope, terms: &Terms, now: DateTime<Utc>) -> Result<bool, Error> {
    let Some((order_id, command)) = Command::from_event(&envelope.event)? else {
        return Err(Error::UnexpectedEvent(envelope.event.kind()));
    };
    let handle = database.transaction(async |connection| {
        let reservation = reservations::lock(connection, order_id).await?;
        let decision = decide(reservation.as_ref(), &command, envelope.sequence, now);
        tracing::info!(%decision, "order event handled");
        let reservation = reservation.unwrap_or_else(|| Reservation::unwritten(order_id, ReservationId::generate()));
        let next = Next { order_sequence: envelope.sequence, terms, now };
        let Some(change) = apply(connection, reservation, decision, next).await? else { return Ok(false) };
        reservations::save(connection, std::slice::from_ref(&change)).await?;
        Ok(change.event.is_some())
    });
    handle.await
}

/// Extends or releases reservations whose time has come by `now`: up to [`SWEEP_BATCH`], in one transaction. Returns
/// their number. Each has an event to publish.
pub async fn end_due(database: &Database, terms: &Terms, now: DateTime<Utc>) -> Result<usize, Error> {
    let end = database.transaction(async |connection| {
        let due = reservations::lock_due(connection, SWEEP_BATCH, terms, now).await?;
        pass_time(connection, due, terms, now).await
    });
    end.await
}

/// Asks for the end of orders whose reservation has ended, where this is due by `now`: up to [`SWEEP_BATCH`], in one
/// transaction. Returns their number. Each has an event to publish.
pub async fn ask_due(database: &Database, terms: &Terms, now: DateTime<Utc>) -> Result<usize, Error> {
    let ask = database.transaction(async |connection| {
        let due = reservations::lock_unanswered(connection, SWEEP_BATCH, now).await?;
        pass_time(connection, due, terms, now).await
    });
    ask.await
}

/// Writes what the time does to locked reservations. Returns the number of changed ones.
async fn pass_time(
    connection: &mut PgConnection,
    due: Vec<Reservation>,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let mut changes = Vec::with_capacity(due.len());
    let mut expired = Vec::new();
    for reservation in due {
        let (order_id, asked) = (reservation.order_id, reservation.asked);
        let decision = time_passed(&reservation, terms, now);
        tracing::info!(%order_id, %decision, "reservation at its end");
        let (next, answer) = match decision {
            Decision::Extend(until) => (reservation.extended_until(until), Answer::Expiring),
            // The stock of all of them is moved at once below, in the order of the SKUs.
            Decision::MoveHeld(Movement::Expired, State::Expired) => {
                expired.push(order_id);
                (reservation.asked_again(terms, now), Answer::Expired)
            }
            Decision::Ask => (reservation.asked_again(terms, now), Answer::Expired),
            _ => continue,
        };
        if asked >= MANY_QUESTIONS {
            tracing::warn!(%order_id, asked, "order does not answer");
        }
        let event = answer.event(&next);
        // Each is the root of a trace.
        let announce = async { Change { event: envelope(&next, event, now), ..Change::new(next) } };
        changes.push(TraceContext::root().scope(announce).await);
    }
    if !expired.is_empty() {
        stock::move_held(connection, &expired, Movement::Expired, now).await?;
    }
    if !changes.is_empty() {
        reservations::save(connection, &changes).await?;
    }
    Ok(changes.len())
}

/// Values of the next version of a reservation.
struct Next<'a> {
    order_sequence: u64,
    terms: &'a Terms,
    now: DateTime<Utc>,
}

/// Moves the stock. Returns the next version of the reservation with the event that announces it.
async fn apply(
    connection: &mut PgConnection,
    reservation: Reservation,
    decision: Decision<'_>,
    Next { order_sequence, terms, now }: Next<'_>,
) -> Result<Option<Change>, Error> {
    let order_id = reservation.order_id;
    let (mut taken, mut shortages, mut is_retake) = (Vec::new(), None, false);
    let (state, answer) = match decision {
        Decision::Ignore | Decision::Extend(_) | Decision::Ask => return Ok(None),
        Decision::SetState(state) => (state, Answer::None),
        Decision::AnswerAgain(state) => (state, repeated(connection, &reservation, state).await?),
        Decision::MoveHeld(movement, state) => {
            stock::move_held(connection, &[order_id], movement, now).await?;
            (state, if movement == Movement::Returned { Answer::Returned } else { Answer::None })
        }
        Decision::Take(lines, movement, state) => {
            match stock::take(connection, order_id, lines, movement, now).await? {
                Taken::All(lines) => {
                    taken.clone_from(&lines);
                    (state, if state == State::Reserved { Answer::Reserved(lines) } else { Answer::None })
                }
                Taken::None(short) => {
                    is_retake = movement == Movement::Retaken;
                    shortages = Some(short.clone());
                    (State::Rejected, Answer::Rejected(short))
                }
            }
        }
    };
    let next = reservation.followed_by(state, order_sequence, now + terms.ttl);
    let next = if is_retake { next.with_failed_retake(terms, now) } else { next };
    let event = answer.event(&next);
    Ok(Some(Change { event: envelope(&next, event, now), taken, shortages, ..Change::new(next) }))
}

/// Reads the answer that was given in `state`.
async fn repeated(
    connection: &mut PgConnection,
    reservation: &Reservation,
    state: State,
) -> Result<Answer, sqlx::Error> {
    Ok(match state {
        State::Reserved => Answer::Reserved(reservations::lines(connection, reservation.order_id).await?),
        State::Rejected => match reservations::shortages(connection, reservation.order_id).await? {
            Some(shortages) => Answer::Rejected(shortages),
            None => Answer::None,
        },
        State::Released => Answer::Returned,
        State::Committed | State::Expired => Answer::None,
    })
}

fn envelope(reservation: &Reservation, event: Option<Event>, now: DateTime<Utc>) -> Option<Envelope> {
    event.map(|event| Envelope::new(EventId::generate(), reservation.id, reservation.version, now, event))
}

/// Change of a reservation, as other services see it.
enum Answer {
    None,
    Reserved(Vec<ReservedLine>),
    Rejected(Vec<Shortage>),
    Returned,
    Expiring,
    Expired,
}

impl Answer {
    fn event(self, reservation: &Reservation) -> Option<Event> {
        let &Reservation { order_id, id: reservation_id, expires_at, .. } = reservation;
        match self {
            Self::None => None,
            Self::Reserved(lines) => {
                let expires_at = expires_at?;
                Some(Event::StockReserved(StockReserved { order_id, reservation_id, lines, expires_at }))
            }
            Self::Rejected(shortages) => Some(Event::StockRejected(StockRejected { order_id, shortages })),
            Self::Returned => Some(Event::StockReturned(StockReturned { order_id, reservation_id })),
            Self::Expiring => {
                let expires_at = expires_at?;
                Some(Event::ReservationExpiring(ReservationExpiring { order_id, reservation_id, expires_at }))
            }
            Self::Expired => Some(Event::ReservationExpired(ReservationExpired { order_id, reservation_id })),
        }
    }
}
