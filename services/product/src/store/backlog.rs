//! The age of what should not grow old, for alarms.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

/// Work that is due, or was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Backlog {
    /// Age of the oldest event that is not published.
    pub oldest_outbox_seconds: i64,
    /// Time since the end of the reservation that should have been released first.
    pub oldest_expired_seconds: i64,
    /// Number of events that the topic refuses for good.
    pub parked_events: i64,
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
             (select count(*) from outbox where parked_at is not null) as parked_events",
    )
    .bind(now)
    .fetch_one(connection)
    .await
}
