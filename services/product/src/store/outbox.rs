//! The outbox: committed events that are not yet published.

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

/// Locks and returns up to `limit` due events. Other publishers skip them until the transaction ends.
pub async fn claim(connection: &mut PgConnection, limit: i64) -> Result<Vec<OutboxRow>, sqlx::Error> {
    sqlx::query_as(
        "select id, event_type, event from outbox
         where due_at <= now() order by due_at, id limit $1 for update skip locked",
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Removes published events.
pub async fn remove(connection: &mut PgConnection, published: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from outbox where id = any($1)").bind(published).execute(connection).await.map(drop)
}

/// Postpones events that SNS did not accept, with a backoff that doubles up to 30 seconds: they do not delay other
/// events, and are published soon after SNS has recovered.
pub async fn postpone(connection: &mut PgConnection, failed: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update outbox set attempts = attempts + 1,
             due_at = now() + least(power(2, least(attempts, 5)), 30) * interval '1 second'
         where id = any($1)",
    )
    .bind(failed)
    .execute(connection)
    .await
    .map(drop)
}
