//! Events of orders: the domain decides, and one transaction writes the stock, the reservation, the processed-message
//! record and the resulting event.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Envelope, Event, EventId, ReservationId,
    event::product::{ReservationExpired, ReservedLine, Shortage, StockRejected, StockReserved},
};
use sqlx::PgConnection;

use crate::{
    domain::reservation::{Command, Decision, Reservation, State, decide, expire},
    error::Error,
    store::{
        Database, inbox, outbox, reservations,
        stock::{self, Taken},
    },
};

/// Attempts at an event. Version conflicts occur only at the first version of a reservation: the second attempt finds
/// it.
const ATTEMPTS: usize = 3;

/// Handles one delivery of an event. The event takes effect once, however often it is delivered.
pub async fn handle(
    database: &Database,
    envelope: &Envelope,
    reservation_ttl: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for _ in 1..ATTEMPTS {
        match attempt(database, envelope, reservation_ttl, now).await {
            Err(Error::VersionConflict) => {}
            result => return result,
        }
    }
    attempt(database, envelope, reservation_ttl, now).await
}

async fn attempt(
    database: &Database,
    envelope: &Envelope,
    reservation_ttl: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some((order_id, command)) = Command::from_event(&envelope.event)? else {
        return Err(Error::UnexpectedEvent(envelope.event.kind()));
    };
    let handle = database.transaction(async |connection| {
        if !inbox::record(connection, envelope.id, now).await? {
            return Ok(());
        }
        let reservation = reservations::lock(connection, order_id).await?;
        let decision = decide(reservation.as_ref(), &command, envelope.sequence);
        tracing::info!(%decision, "order event handled");

        let reservation = reservation.unwrap_or_else(|| Reservation::unwritten(order_id, ReservationId::generate()));
        let next = Next { order_sequence: envelope.sequence, expires_at: now + reservation_ttl, now };
        apply(connection, reservation, decision, next).await
    });
    handle.await
}

/// Releases the stock of one reservation that expired by `now`. Returns false if there is none.
pub async fn expire_one(database: &Database, now: DateTime<Utc>) -> Result<bool, Error> {
    let expire_next = database.transaction(async |connection| {
        let Some(reservation) = reservations::lock_one_expired(connection, now).await? else { return Ok(false) };
        let decision = expire(&reservation, now);
        tracing::info!(order_id = %reservation.order_id, "reservation expired");

        let next = Next { order_sequence: reservation.order_sequence, expires_at: now, now };
        apply(connection, reservation, decision, next).await?;
        Ok(true)
    });
    expire_next.await
}

/// Values of the next version of a reservation.
struct Next {
    order_sequence: u64,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
}

/// Moves the stock, and writes the next version of the reservation and the event that announces it.
async fn apply(
    connection: &mut PgConnection,
    reservation: Reservation,
    decision: Decision<'_>,
    Next { order_sequence, expires_at, now }: Next,
) -> Result<(), Error> {
    let order_id = reservation.order_id;
    let held_before = reservation.state.holds_stock();
    let (state, outcome) = match &decision {
        Decision::Ignore => return Ok(()),
        Decision::SetState(state) => (*state, Outcome::Unannounced),
        Decision::MoveHeld(movement, state) => {
            stock::move_held(connection, order_id, *movement, now).await?;
            (*state, if *state == State::Expired { Outcome::Expired } else { Outcome::Unannounced })
        }
        Decision::Take(lines, movement, state) => {
            match stock::take(connection, order_id, lines, *movement, now).await? {
                Taken::All(taken) if *state == State::Reserved => (*state, Outcome::Reserved(taken)),
                Taken::All(_) => (*state, Outcome::Unannounced),
                Taken::None(shortages) => (State::Rejected, Outcome::Rejected(shortages)),
            }
        }
    };
    let next = reservation.followed_by(state, order_sequence, expires_at);
    let taken = match decision {
        Decision::Take(lines, ..) if state.holds_stock() => Some(lines),
        _ => None,
    };
    reservations::save(connection, &next, taken).await?;
    if held_before && !state.holds_stock() {
        reservations::delete_lines(connection, order_id).await?;
    }
    let event = outcome.event(&next).map(|event| Envelope::new(EventId::generate(), next.id, next.version, now, event));
    outbox::add(connection, event.as_slice()).await?;
    Ok(())
}

/// Outcome of a change of a reservation, as other services see it.
enum Outcome {
    Unannounced,
    Reserved(Vec<ReservedLine>),
    Rejected(Vec<Shortage>),
    Expired,
}

impl Outcome {
    fn event(self, reservation: &Reservation) -> Option<Event> {
        let &Reservation { order_id, id: reservation_id, expires_at, .. } = reservation;
        match self {
            Self::Unannounced => None,
            Self::Reserved(lines) => {
                let expires_at = expires_at?;
                Some(Event::StockReserved(StockReserved { order_id, reservation_id, lines, expires_at }))
            }
            Self::Rejected(shortages) => Some(Event::StockRejected(StockRejected { order_id, shortages })),
            Self::Expired => Some(Event::ReservationExpired(ReservationExpired { order_id, reservation_id })),
        }
    }
}
