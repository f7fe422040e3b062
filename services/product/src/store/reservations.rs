//! Reservations and their lines.

use chrono::{DateTime, Utc};
use contracts::{OrderId, ReservationId};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{signed, unreadable, unsigned};
use crate::{
    domain::{
        reservation::{Reservation, State},
        stock::Lines,
    },
    error::Error,
};

#[derive(FromRow)]
struct ReservationRow {
    order_id: Uuid,
    id: Uuid,
    state: String,
    order_sequence: i64,
    version: i64,
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<ReservationRow> for Reservation {
    type Error = sqlx::Error;

    fn try_from(row: ReservationRow) -> Result<Self, sqlx::Error> {
        let ReservationRow { order_id, id, state, order_sequence, version, expires_at } = row;
        Ok(Self {
            order_id: OrderId::from(order_id),
            id: ReservationId::from(id),
            state: state.parse::<State>().map_err(|error| unreadable("state", error))?,
            order_sequence: unsigned(order_sequence),
            version: unsigned(version),
            expires_at,
        })
    }
}

/// Locks and returns the reservation of an order.
pub async fn lock(connection: &mut PgConnection, order_id: OrderId) -> Result<Option<Reservation>, sqlx::Error> {
    let row: Option<ReservationRow> = sqlx::query_as(
        "select order_id, id, state, order_sequence, version, expires_at from reservations
         where order_id = $1 for update",
    )
    .bind(order_id.as_uuid())
    .fetch_optional(connection)
    .await?;
    row.map(Reservation::try_from).transpose()
}

/// Locks and returns a reservation that expired by `now`. Skips reservations that another transaction has locked.
pub async fn lock_one_expired(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Option<Reservation>, sqlx::Error> {
    let row: Option<ReservationRow> = sqlx::query_as(
        "select order_id, id, state, order_sequence, version, expires_at from reservations
         where state = 'reserved' and expires_at <= $1 order by expires_at limit 1 for update skip locked",
    )
    .bind(now)
    .fetch_optional(connection)
    .await?;
    row.map(Reservation::try_from).transpose()
}

/// Writes the first version of a reservation, or the next version of a locked one, with newly taken lines.
/// [`Error::VersionConflict`] if another transaction has written the first version meanwhile.
pub async fn save(
    connection: &mut PgConnection,
    reservation: &Reservation,
    taken: Option<&Lines>,
) -> Result<(), Error> {
    let Reservation { order_id, id, state, order_sequence, version, expires_at } = reservation;
    let (skus, quantities): (Vec<_>, Vec<_>) =
        taken.iter().flat_map(|lines| lines.iter()).map(|(sku, quantity)| (sku.as_str(), i64::from(quantity))).unzip();
    let written: i64 = sqlx::query_scalar(
        "with written as (
             insert into reservations (order_id, id, state, order_sequence, version, expires_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (order_id) do update set
                 state = excluded.state, order_sequence = excluded.order_sequence, version = excluded.version,
                 expires_at = excluded.expires_at
             where reservations.version = excluded.version - 1
             returning order_id
         ), held as (
             insert into reservation_lines (order_id, sku, quantity)
             select written.order_id, line.sku, line.quantity
             from written, unnest($7::text[], $8::bigint[]) as line (sku, quantity)
         )
         select count(*) from written",
    )
    .bind(order_id.as_uuid())
    .bind(id.as_uuid())
    .bind(state.as_str())
    .bind(signed(*order_sequence))
    .bind(signed(*version))
    .bind(expires_at)
    .bind(skus)
    .bind(quantities)
    .fetch_one(connection)
    .await?;
    if written == 1 { Ok(()) } else { Err(Error::VersionConflict) }
}

/// Deletes the lines of an order. The ledger keeps their movements.
pub async fn delete_lines(connection: &mut PgConnection, order_id: OrderId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from reservation_lines where order_id = $1")
        .bind(order_id.as_uuid())
        .execute(connection)
        .await?;
    Ok(())
}
