//! Processed-message records.

use chrono::{DateTime, Utc};
use contracts::EventId;
use sqlx::PgConnection;

/// Records an event as handled, in the transaction of its effect. Returns false if it was handled before; waits while
/// another transaction handles it.
pub async fn record(connection: &mut PgConnection, event: EventId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let result = sqlx::query("insert into inbox (event_id, handled_at) values ($1, $2) on conflict do nothing")
        .bind(event.as_uuid())
        .bind(now)
        .execute(connection)
        .await?;
    Ok(result.rows_affected() == 1)
}
