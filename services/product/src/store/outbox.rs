//! The outbox: committed events that are not yet published.

use chrono::{DateTime, Utc};
use contracts::Envelope;
use sqlx::{FromRow, PgConnection};

/// Event in the outbox.
#[derive(Debug, Clone, FromRow)]
pub struct OutboxRow {
    pub id: i64,
    /// Type of the event, for the filters of subscriptions.
    pub event_type: String,
    /// Envelope, as JSON.
    pub event: String,
    /// Number of failed attempts.
    pub attempts: i32,
    /// Time of the commit.
    pub created_at: DateTime<Utc>,
}

/// Adds events, in the transaction of the change that they announce.
pub async fn add(connection: &mut PgConnection, events: &[Envelope]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    sqlx::query("insert into outbox (event_type, event) select * from unnest($1::text[], $2::text[])")
        .bind(events.iter().map(|envelope| envelope.event.kind()).collect::<Vec<_>>())
        .bind(events.iter().map(Envelope::to_json).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

/// Returns true if at least `limit` events wait for their publication.
pub async fn has_waiting(connection: &mut PgConnection, limit: usize) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select count(*) >= $1 from (select from outbox where due_at < 'infinity' limit $1) as waiting")
        .bind(limit as i64)
        .fetch_one(connection)
        .await
}

/// Deletes and returns up to `limit` due events, oldest first. Other publishers skip them. They are back if the
/// transaction fails.
pub async fn claim(connection: &mut PgConnection, limit: i64) -> Result<Vec<OutboxRow>, sqlx::Error> {
    let mut events: Vec<OutboxRow> = sqlx::query_as(
        "delete from outbox where id in (
             select id from outbox where due_at <= now() order by due_at, id limit $1 for update skip locked
         ) returning id, event_type, event, attempts, created_at",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    events.sort_unstable_by_key(|event| event.id);
    Ok(events)
}

/// Puts back claimed events that SNS did not accept. They are due after a random part of a time that doubles up to 30
/// seconds: they do not delay other events, and are published soon after SNS has recovered.
pub async fn postpone(connection: &mut PgConnection, events: &[&OutboxRow]) -> Result<(), sqlx::Error> {
    put_back(connection, events, false).await
}

/// Puts back claimed events that SNS refuses for good. They are kept, and never due: the previous version of the
/// service knows only `due_at`.
pub async fn park(connection: &mut PgConnection, events: &[&OutboxRow]) -> Result<(), sqlx::Error> {
    put_back(connection, events, true).await
}

async fn put_back(connection: &mut PgConnection, events: &[&OutboxRow], is_parked: bool) -> Result<(), sqlx::Error> {
    fn each<'a, T>(events: &[&'a OutboxRow], field: impl Fn(&'a OutboxRow) -> T) -> Vec<T> {
        events.iter().map(|event| field(event)).collect()
    }
    if events.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into outbox (id, event_type, event, attempts, created_at, due_at, parked_at) overriding system value
         select id, event_type, event, attempts + 1, created_at,
             case when $6 then 'infinity'
                 else now() + least(power(2, least(attempts, 5)), 30) * random() * interval '1 second' end,
             case when $6 then now() end
         from unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[])
             as event (id, event_type, event, attempts, created_at)",
    )
    .bind(each(events, |event| event.id))
    .bind(each(events, |event| event.event_type.as_str()))
    .bind(each(events, |event| event.event.as_str()))
    .bind(each(events, |event| event.attempts))
    .bind(each(events, |event| event.created_at))
    .bind(is_parked)
    .execute(connection)
    .await
    .map(drop)
}
