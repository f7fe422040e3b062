//! Stock and its ledger. Every function that changes stock writes the ledger in the same statement.
//!
//! Statements that lock several rows lock them in the order of their SKUs, so that transactions cannot deadlock.

use chrono::{DateTime, Utc};
use contracts::{
    Currency, Money, OrderId, Sku, UserId,
    event::product::{ReservedLine, Shortage},
};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::unreadable;
use crate::domain::{
    stock::{Delta, Lines, Movement},
    text::Reason,
};

/// Maximum of the available stock after an adjustment, far from an overflow of the column.
const MAX_PIECES: i32 = 1_000_000_000;

/// Stock of a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Level {
    /// Pieces that can be bought.
    pub available: i32,
    /// Pieces that unconfirmed orders hold.
    pub reserved: i32,
    /// Pieces that confirmed orders hold.
    pub sold: i32,
}

/// Movement in the ledger.
#[derive(Debug, FromRow)]
pub(crate) struct MovementRow {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) available: i32,
    pub(crate) reserved: i32,
    pub(crate) sold: i32,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) reason: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

/// Returns the stock of `sku`.
pub async fn level(connection: &mut PgConnection, sku: &Sku) -> Result<Option<Level>, sqlx::Error> {
    sqlx::query_as("select available, reserved, sold from stock where sku = $1")
        .bind(sku.as_str())
        .fetch_optional(connection)
        .await
}

/// Returns the movements of `sku` before the row `before`, newest first: one more than the limit if there is a next
/// page.
/// `None` if the SKU does not exist.
pub(crate) async fn movements(
    connection: &mut PgConnection,
    sku: &Sku,
    before: Option<i64>,
    limit: usize,
) -> Result<Option<Vec<MovementRow>>, sqlx::Error> {
    let rows: Vec<MovementRow> = sqlx::query_as(
        "select id, kind, available, reserved, sold, order_id, user_id, reason, at from movements
         where sku = $1 and id < $2 order by id desc limit $3",
    )
    .bind(sku.as_str())
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit as i64 + 1)
    .fetch_all(connection)
    .await?;
    // Every SKU has at least the movement of its initial stock, so that only a later page can be empty.
    Ok((!rows.is_empty() || before.is_some()).then_some(rows))
}

/// Inserts new SKUs with their initial stock.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    stocked: &[(Sku, i32)],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with new as (
             insert into stock (sku, available) select * from unnest($1::text[], $2::integer[]) returning sku, available
         )
         insert into movements (sku, kind, available, reserved, sold, at) select sku, $3, available, 0, 0, $4 from new",
    )
    .bind(stocked.iter().map(|(sku, _)| sku.as_str()).collect::<Vec<_>>())
    .bind(stocked.iter().map(|(_, available)| *available).collect::<Vec<_>>())
    .bind(Movement::Stocked.as_str())
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}

/// Result of an adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adjusted {
    /// Stock after the adjustment.
    Done(Level),
    /// No change: with this number of available pieces, the result would be negative or too large.
    OutOfRange(i32),
    UnknownSku,
}

/// Adds `delta` to the available pieces of `sku`, unless the result would be negative or too large.
pub(crate) async fn adjust(
    connection: &mut PgConnection,
    sku: &Sku,
    delta: Delta,
    reason: &Reason,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<Adjusted, sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        before: i32,
        available: Option<i32>,
        reserved: Option<i32>,
        sold: Option<i32>,
    }
    let row: Option<Row> = sqlx::query_as(
        "with present as (
             select sku, available from stock where sku = $1 for no key update
         ), changed as (
             update stock s set available = s.available + $2 from present
             where s.sku = present.sku and present.available + $2 between 0 and $3
             returning s.sku, s.available, s.reserved, s.sold
         ), ledger as (
             insert into movements (sku, kind, available, reserved, sold, user_id, reason, at)
             select sku, $4, $2, 0, 0, $5, $6, $7 from changed
         )
         select present.available as before, changed.available, changed.reserved, changed.sold
         from present left join changed using (sku)",
    )
    .bind(sku.as_str())
    .bind(i32::from(delta))
    .bind(MAX_PIECES)
    .bind(Movement::Adjusted.as_str())
    .bind(by.as_uuid())
    .bind::<&str>(reason.as_ref())
    .bind(now)
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        Some(Row { available: Some(available), reserved: Some(reserved), sold: Some(sold), .. }) => {
            Adjusted::Done(Level { available, reserved, sold })
        }
        Some(Row { before, .. }) => Adjusted::OutOfRange(before),
        None => Adjusted::UnknownSku,
    })
}

/// Result of taking the lines of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All lines were taken, at these prices.
    All(Vec<ReservedLine>),
    /// No line was taken, because of these shortages.
    None(Vec<Shortage>),
}

/// Takes all `lines` out of the available stock, or none: one conditional statement.
///
/// A shortage in the statement's snapshot rejects the order without a lock, so that orders of a sold-out SKU do not
/// wait for each other. Only the locked rows decide that an order gets its lines. Products that are not for sale count
/// as unavailable for new orders, but not for a late confirmation of an order that was placed in time.
pub(crate) async fn take(
    connection: &mut PgConnection,
    order_id: OrderId,
    lines: &Lines,
    movement: Movement,
    now: DateTime<Utc>,
) -> Result<Taken, sqlx::Error> {
    let (skus, quantities): (Vec<_>, Vec<_>) =
        lines.iter().map(|(sku, quantity)| (sku.as_str(), i64::from(quantity))).unzip();
    let change = movement.per_piece();
    let rows: Vec<TakenRow> = sqlx::query_as(
        "with wanted as materialized (
             select w.sku, w.quantity::integer, v.price_minor, v.currency,
                 case when p.for_sale or $5 = 'retaken' then s.available else 0 end as available
             from unnest($1::text[], $2::bigint[]) as w (sku, quantity)
             left join stock s on s.sku = w.sku left join variants v on v.sku = w.sku
             left join products p on p.id = v.product_id
         ), locked as materialized (
             select s.sku, s.available from stock s
             where s.sku = any($1) and not exists (select from wanted where quantity > coalesce(available, 0))
             order by s.sku for no key update
         ), taken as (
             update stock s set available = s.available - wanted.quantity,
                 reserved = s.reserved + $3 * wanted.quantity, sold = s.sold + $4 * wanted.quantity
             from locked join wanted using (sku)
             where s.sku = locked.sku
                 and not exists (select from locked join wanted using (sku) where wanted.quantity > locked.available)
             returning s.sku, wanted.quantity
         ), ledger as (
             insert into movements (sku, kind, available, reserved, sold, order_id, at)
             select sku, $5, -quantity, $3 * quantity, $4 * quantity, $6, $7 from taken
         )
         select sku, wanted.quantity, wanted.price_minor, wanted.currency,
             coalesce(locked.available, wanted.available, 0) as available, taken.sku is not null as taken
         from wanted left join locked using (sku) left join taken using (sku) order by sku",
    )
    .bind(skus)
    .bind(quantities)
    .bind(change.reserved)
    .bind(change.sold)
    .bind(movement.as_str())
    .bind(order_id.as_uuid())
    .bind(now)
    .fetch_all(connection)
    .await?;
    if rows.iter().all(|row| row.taken) {
        rows.into_iter().map(TakenRow::reserved).collect::<Result<_, _>>().map(Taken::All)
    } else {
        let short = rows.into_iter().filter(|row| row.quantity > row.available);
        short.map(TakenRow::shortage).collect::<Result<_, _>>().map(Taken::None)
    }
}

#[derive(FromRow)]
struct TakenRow {
    sku: String,
    quantity: i32,
    price_minor: Option<i64>,
    currency: Option<String>,
    available: i32,
    taken: bool,
}

impl TakenRow {
    fn reserved(self) -> Result<ReservedLine, sqlx::Error> {
        let currency = self.currency.as_deref().and_then(Currency::from_code);
        let price = self.price_minor.zip(currency).ok_or_else(|| unreadable("currency", "a SKU without a price"))?;
        Ok(ReservedLine {
            sku: self.sku.parse().map_err(|error| unreadable("sku", error))?,
            quantity: self.quantity.unsigned_abs(),
            unit_price: Money::new(price.0, price.1),
        })
    }

    fn shortage(self) -> Result<Shortage, sqlx::Error> {
        Ok(Shortage {
            sku: self.sku.parse().map_err(|error| unreadable("sku", error))?,
            requested: self.quantity.unsigned_abs(),
            available: self.available.unsigned_abs(),
        })
    }
}

/// Moves all pieces that orders hold.
pub(crate) async fn move_held(
    connection: &mut PgConnection,
    orders: &[OrderId],
    movement: Movement,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let change = movement.per_piece();
    sqlx::query(
        "with held as materialized (
             select order_id, sku, quantity from reservation_lines where order_id = any($1)
         ), sums as materialized (
             select sku, sum(quantity)::integer as quantity from held group by sku
         ), locked as materialized (
             select s.sku from stock s where s.sku in (select sku from sums) order by s.sku for no key update
         ), moved as (
             update stock s set available = s.available + $2 * sums.quantity,
                 reserved = s.reserved + $3 * sums.quantity, sold = s.sold + $4 * sums.quantity
             from locked join sums using (sku) where s.sku = locked.sku
             returning s.sku
         )
         insert into movements (sku, kind, available, reserved, sold, order_id, at)
         select sku, $5, $2 * quantity, $3 * quantity, $4 * quantity, order_id, $6 from held join moved using (sku)",
    )
    .bind(orders.iter().map(|order_id| order_id.as_uuid()).collect::<Vec<_>>())
    .bind(change.available)
    .bind(change.reserved)
    .bind(change.sold)
    .bind(movement.as_str())
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}
