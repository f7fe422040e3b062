//! Events that are committed and wait for the topic.

use contracts::Envelope;
use sqlx::{FromRow, PgConnection};

/// An event that waits.
#[derive(Debug, Clone, FromRow)]
pub struct Waiting {
    /// Its place in the outbox.
    pub id: i64,
    /// The event's type, for the topic's filters.
    pub event_type: String,
    /// The envelope's JSON text.
    pub event: String,
}

/// Adds events, in the transaction of the change that they tell of.
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

/// Up to `limit` events that are due, which no other publisher gets until the transaction ends.
pub async fn claim(connection: &mut PgConnection, limit: i64) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "select id, event_type, event from outbox where due_at <= now() order by due_at, id limit $1 for update skip locked",
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Removes events that the topic has taken.
pub async fn remove(connection: &mut PgConnection, published: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from outbox where id = any($1)").bind(published).execute(connection).await.map(drop)
}

/// Puts off events that the topic did not take, each time for twice as long, at most half a minute: they do not stand in
/// the way of others, and go out soon after the topic is back.
pub async fn postpone(connection: &mut PgConnection, refused: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update outbox set attempts = attempts + 1, due_at = now() + least(power(2, least(attempts, 5)), 30) * interval '1 second'
         where id = any($1)",
    )
    .bind(refused)
    .execute(connection)
    .await
    .map(drop)
}
