//! The age of what should not grow old, for alarms.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use super::signed;
use crate::domain::reservation::MANY_QUESTIONS;

/// Work that is due, or was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Backlog {
    /// Age of the oldest event that is not published.
    pub oldest_outbox_seconds: i64,
    /// Time since the end of the reservation that should have been released first.
    pub oldest_expired_seconds: i64,
    /// Number of events that the topic refuses for good.
    pub parked_events: i64,
    /// Number of orders that have not told their end, although they were asked more than [`MANY_QUESTIONS`] times.
    pub unanswered_orders: i64,
}

/// Returns the backlog at the time `now`.
pub async fn read(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Backlog, sqlx::Error> {
    sqlx::query_as(
        "select
             coalesce(greatest(extract(epoch from $1 - (
                 select created_at from outbox where parked_at is null order by id limit 1
             )), 0), 0)::bigint as oldest_outbox_seconds,
             coalesce(greatest(extract(epoch from $1 - (
                 select expires_at from reservations where state = 'reserved' order by expires_at limit 1
             )), 0), 0)::bigint as oldest_expired_seconds,
             (select count(*) from outbox where parked_at is not null) as parked_events,
             (select count(*) from reservations
                 where state in ('expired', 'rejected') and ask_at is not null and asked > $2) as unanswered_orders",
    )
    .bind(now)
    .bind(signed(MANY_QUESTIONS.into()))
    .fetch_one(connection)
    .await
}
