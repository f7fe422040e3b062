//! Marks of events that were handled.

use chrono::{DateTime, Utc};
use contracts::EventId;
use sqlx::PgConnection;

/// Marks an event as handled, in the transaction of its effect. False if it was handled before; waits where another
/// transaction is handling it now.
pub async fn record(connection: &mut PgConnection, event: EventId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let result = sqlx::query("insert into inbox (event_id, handled_at) values ($1, $2) on conflict do nothing")
        .bind(event.as_uuid())
        .bind(now)
        .execute(connection)
        .await?;
    Ok(result.rows_affected() == 1)
}
