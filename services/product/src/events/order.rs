//! An event of an order: decided by the domain, carried out in one transaction with its mark and its answer.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Envelope, Event, EventId, ReservationId,
    event::product::{ReservationExpired, ReservedLine, Shortage, StockRejected, StockReserved},
};
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::reservation::{Request, Reservation, State, Step, decide, expire},
    error::Error,
    store::{
        inbox, outbox, reservations,
        stock::{self, Taken},
    },
};

/// How often two events that meet at an order's first row are tried. The second look finds the row.
const ATTEMPTS: usize = 3;

/// Handles one delivery of an event. It has its effect once, however often it is delivered. Events that ask nothing of
/// stock are let pass.
pub async fn handle(
    pool: &PgPool,
    envelope: &Envelope,
    reservation_ttl: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for _ in 1..ATTEMPTS {
        match attempt(pool, envelope, reservation_ttl, now).await {
            Err(Error::VersionConflict) => {}
            result => return result,
        }
    }
    attempt(pool, envelope, reservation_ttl, now).await
}

async fn attempt(
    pool: &PgPool,
    envelope: &Envelope,
    reservation_ttl: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some((order_id, request)) = Request::of(&envelope.event)? else {
        tracing::warn!("an event that nobody here handles: the subscription's filter lets too much through");
        return Ok(());
    };
    let mut transaction = pool.begin().await?;
    if !inbox::record(&mut transaction, envelope.id, now).await? {
        return Ok(());
    }
    let known = reservations::lock(&mut transaction, order_id).await?;
    let step = decide(known.as_ref(), &request, envelope.sequence);
    tracing::info!(%step, "an order's event is handled");

    let reservation = known.unwrap_or_else(|| Reservation::unwritten(order_id, ReservationId::generate()));
    let progress = Progress { order_sequence: envelope.sequence, expires_at: now + reservation_ttl, now };
    carry_out(&mut transaction, reservation, step, progress).await?;
    transaction.commit().await?;
    Ok(())
}

/// Takes back the stock of one reservation that was not confirmed by `now`. False if there is none.
pub async fn expire_one(pool: &PgPool, now: DateTime<Utc>) -> Result<bool, Error> {
    let mut transaction = pool.begin().await?;
    let Some(reservation) = reservations::lock_one_expired(&mut transaction, now).await? else { return Ok(false) };
    let step = expire(&reservation, now);
    tracing::info!(order_id = %reservation.order_id, "a reservation expired");

    let progress = Progress { order_sequence: reservation.order_sequence, expires_at: now, now };
    carry_out(&mut transaction, reservation, step, progress).await?;
    transaction.commit().await?;
    Ok(true)
}

/// What the next version of a reservation is written with.
struct Progress {
    order_sequence: u64,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
}

/// Moves the stock, and writes the reservation's next version and the event that tells of it.
async fn carry_out(
    connection: &mut PgConnection,
    reservation: Reservation,
    step: Step<'_>,
    Progress { order_sequence, expires_at, now }: Progress,
) -> Result<(), Error> {
    let order_id = reservation.order_id;
    let held_before = reservation.state.holds_stock();
    let (state, answer) = match &step {
        Step::Ignore => return Ok(()),
        Step::Settle(state) => (*state, Answer::Nothing),
        Step::Move(movement, state) => {
            stock::shift(connection, order_id, *movement, now).await?;
            (*state, if *state == State::Expired { Answer::Expired } else { Answer::Nothing })
        }
        Step::Take(lines, movement, state) => match stock::take(connection, order_id, lines, *movement, now).await? {
            Taken::All(taken) if *state == State::Reserved => (*state, Answer::Reserved(taken)),
            Taken::All(_) => (*state, Answer::Nothing),
            Taken::None(shortages) => (State::Rejected, Answer::Rejected(shortages)),
        },
    };
    let next = reservation.followed_by(state, order_sequence, expires_at);
    let took = match step {
        Step::Take(lines, ..) if state.holds_stock() => Some(lines),
        _ => None,
    };
    reservations::save(connection, &next, took).await?;
    if held_before && !state.holds_stock() {
        reservations::let_go(connection, order_id).await?;
    }
    let event = answer.event(&next).map(|event| Envelope::new(EventId::generate(), next.id, next.version, now, event));
    outbox::add(connection, event.as_slice()).await?;
    Ok(())
}

/// What others are told of a reservation's next version.
enum Answer {
    Nothing,
    Reserved(Vec<ReservedLine>),
    Rejected(Vec<Shortage>),
    Expired,
}

impl Answer {
    fn event(self, reservation: &Reservation) -> Option<Event> {
        let &Reservation { order_id, id: reservation_id, expires_at, .. } = reservation;
        match self {
            Self::Nothing => None,
            Self::Reserved(lines) => {
                let expires_at = expires_at?;
                Some(Event::StockReserved(StockReserved { order_id, reservation_id, lines, expires_at }))
            }
            Self::Rejected(shortages) => Some(Event::StockRejected(StockRejected { order_id, shortages })),
            Self::Expired => Some(Event::ReservationExpired(ReservationExpired { order_id, reservation_id })),
        }
    }
}
