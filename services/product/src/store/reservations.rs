//! Reservations and their lines.

use chrono::{DateTime, Utc};
use contracts::{
    Currency, Envelope, Money, OrderId, ReservationId,
    event::product::{ReservedLine, Shortage},
};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::{signed, unreadable, unsigned};
use crate::{
    domain::reservation::{Reservation, State, Terms},
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
    extended: bool,
    ask_at: Option<DateTime<Utc>>,
    asked: i32,
}

/// Columns of a [`ReservationRow`].
macro_rules! columns {
    () => {
        "order_id, id, state, order_sequence, version, expires_at, extended, ask_at, asked"
    };
}

impl TryFrom<ReservationRow> for Reservation {
    type Error = sqlx::Error;

    fn try_from(row: ReservationRow) -> Result<Self, sqlx::Error> {
        let ReservationRow { order_id, id, state, order_sequence, version, expires_at, extended, ask_at, asked } = row;
        Ok(Self {
            order_id: OrderId::from(order_id),
            id: ReservationId::from(id),
            state: state.parse::<State>().map_err(|error| unreadable("state", error))?,
            order_sequence: unsigned(order_sequence),
            version: unsigned(version),
            expires_at,
            extended,
            ask_at,
            asked: asked.unsigned_abs(),
        })
    }
}

/// Locks and returns the reservation of an order.
///
/// The order is locked as well, because its first events find no row to lock. Concurrent ones would lock stock and
/// reservation in different orders. One that has waited does not see the reservation yet: its first version is in
/// conflict, and another attempt finds it.
pub async fn lock(connection: &mut PgConnection, order_id: OrderId) -> Result<Option<Reservation>, sqlx::Error> {
    let row: Option<ReservationRow> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from reservations where order_id = (
             select $1 from (select pg_advisory_xact_lock(hashtextextended($1::text, 0))) as mutex
         ) for update"
    ))
    .bind(order_id.as_uuid())
    .fetch_optional(connection)
    .await?;
    row.map(Reservation::try_from).transpose()
}

/// Locks and returns up to `limit` reservations whose end has to be announced by `now`, or has come. Skips reservations
/// that another transaction has locked.
pub async fn lock_due(
    connection: &mut PgConnection,
    limit: usize,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Result<Vec<Reservation>, sqlx::Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from reservations where state = 'reserved' and expires_at <= $1 and (not extended or expires_at <= $2)
         order by expires_at limit $3 for update skip locked"
    );
    let query = sqlx::query_as(sql).bind(now + terms.warning).bind(now).bind(limit as i64);
    let rows: Vec<ReservationRow> = query.fetch_all(connection).await?;
    rows.into_iter().map(Reservation::try_from).collect()
}

/// Locks and returns up to `limit` reservations that have ended, and whose order has to be asked for its end by `now`.
/// Skips reservations that another transaction has locked.
pub async fn lock_unanswered(
    connection: &mut PgConnection,
    limit: usize,
    now: DateTime<Utc>,
) -> Result<Vec<Reservation>, sqlx::Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from reservations where state in ('expired', 'rejected') and ask_at <= $1
         order by ask_at limit $2 for update skip locked"
    );
    let rows: Vec<ReservationRow> = sqlx::query_as(sql).bind(now).bind(limit as i64).fetch_all(connection).await?;
    rows.into_iter().map(Reservation::try_from).collect()
}

/// Next version of a reservation, and what is written with it.
#[derive(Debug)]
pub struct Change {
    pub reservation: Reservation,
    /// Lines that were taken for it.
    pub taken: Vec<ReservedLine>,
    /// Shortages for which it is rejected.
    pub shortages: Option<Vec<Shortage>>,
    /// Event that announces it.
    pub event: Option<Envelope>,
}

impl Change {
    /// Returns a change without lines, shortages and event.
    pub fn new(reservation: Reservation) -> Self {
        Self { reservation, taken: Vec::new(), shortages: None, event: None }
    }
}

/// Writes first versions of reservations, or next versions of locked ones, with their lines and events. Lines of a
/// reservation that holds no stock are deleted: the ledger keeps their movements.
///
/// [`Error::VersionConflict`] if another transaction has written the first version meanwhile.
pub async fn save(connection: &mut PgConnection, changes: &[Change]) -> Result<(), Error> {
    fn each<'a, T>(changes: &'a [Change], field: impl Fn(&'a Reservation) -> T) -> Vec<T> {
        changes.iter().map(|change| field(&change.reservation)).collect()
    }
    let lines: Vec<_> = changes
        .iter()
        .flat_map(|change| change.taken.iter().map(|line| (change.reservation.order_id.as_uuid(), line)))
        .collect();
    let empty = changes.iter().map(|change| &change.reservation).filter(|reservation| !reservation.state.holds_stock());
    let empty: Vec<_> = empty.map(|reservation| reservation.order_id.as_uuid()).collect();
    let events: Vec<_> = changes.iter().filter_map(|change| change.event.as_ref()).collect();
    let written: i64 = sqlx::query_scalar(
        "with written as (
             insert into reservations
                 (order_id, id, state, order_sequence, version, expires_at, extended, ask_at, asked, shortages)
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[],
                 $7::boolean[], $8::timestamptz[], $9::integer[], $10::jsonb[])
             on conflict (order_id) do update set
                 state = excluded.state, order_sequence = excluded.order_sequence, version = excluded.version,
                 expires_at = excluded.expires_at, extended = excluded.extended,
                 ask_at = excluded.ask_at, asked = excluded.asked,
                 shortages = coalesce(excluded.shortages, reservations.shortages)
             where reservations.version = excluded.version - 1
             returning order_id
         ), held as (
             insert into reservation_lines (order_id, sku, quantity, unit_price_minor, unit_price_currency)
             select line.* from unnest($11::uuid[], $12::text[], $13::integer[], $14::bigint[], $15::text[])
                 as line (order_id, sku, quantity, unit_price_minor, unit_price_currency)
             join written using (order_id)
         ), freed as (
             delete from reservation_lines where order_id = any($16)
         ), announced as (
             insert into outbox (event_type, event) select * from unnest($17::text[], $18::text[])
         )
         select count(*) from written",
    )
    .bind(each(changes, |reservation| reservation.order_id.as_uuid()))
    .bind(each(changes, |reservation| reservation.id.as_uuid()))
    .bind(each(changes, |reservation| reservation.state.as_str()))
    .bind(each(changes, |reservation| signed(reservation.order_sequence)))
    .bind(each(changes, |reservation| signed(reservation.version)))
    .bind(each(changes, |reservation| reservation.expires_at))
    .bind(each(changes, |reservation| reservation.extended))
    .bind(each(changes, |reservation| reservation.ask_at))
    .bind(each(changes, |reservation| reservation.asked.cast_signed()))
    .bind(changes.iter().map(|change| change.shortages.as_ref().map(Json)).collect::<Vec<_>>())
    .bind(lines.iter().map(|(order_id, _)| *order_id).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, line)| line.sku.as_str()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, line)| line.quantity.cast_signed()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, line)| line.unit_price.minor).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, line)| line.unit_price.currency.code()).collect::<Vec<_>>())
    .bind(empty)
    .bind(events.iter().map(|envelope| envelope.event.kind()).collect::<Vec<_>>())
    .bind(events.iter().map(|envelope| envelope.to_json()).collect::<Vec<_>>())
    .fetch_one(connection)
    .await?;
    if unsigned(written) == changes.len() as u64 { Ok(()) } else { Err(Error::VersionConflict) }
}

/// Returns the lines that an order holds, at the prices of their reservation. Lines of an older version have none: the
/// current price counts.
pub async fn lines(connection: &mut PgConnection, order_id: OrderId) -> Result<Vec<ReservedLine>, sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        sku: String,
        quantity: i32,
        price_minor: i64,
        currency: String,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select l.sku, l.quantity, coalesce(l.unit_price_minor, v.price_minor) as price_minor,
             coalesce(l.unit_price_currency, v.currency) as currency
         from reservation_lines l join variants v using (sku) where l.order_id = $1 order by l.sku",
    )
    .bind(order_id.as_uuid())
    .fetch_all(connection)
    .await?;
    let line = |Row { sku, quantity, price_minor, currency }| {
        let currency = Currency::from_code(&currency).ok_or_else(|| unreadable("currency", "an unknown currency"))?;
        Ok(ReservedLine {
            sku: sku.parse().map_err(|error| unreadable("sku", error))?,
            quantity: quantity.unsigned_abs(),
            unit_price: Money::new(price_minor, currency),
        })
    };
    rows.into_iter().map(line).collect()
}

/// Returns the shortages for which the reservation of an order was rejected. An older version did not store them.
pub async fn shortages(connection: &mut PgConnection, order_id: OrderId) -> Result<Option<Vec<Shortage>>, sqlx::Error> {
    let shortages: Option<Json<Vec<Shortage>>> =
        sqlx::query_scalar("select shortages from reservations where order_id = $1")
            .bind(order_id.as_uuid())
            .fetch_one(connection)
            .await?;
    Ok(shortages.map(|Json(shortages)| shortages))
}
