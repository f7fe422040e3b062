//! Deletion of expired rows.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::idempotency;

/// Retention of processed-message records: longer than a dead-letter queue keeps a message (14 days).
const INBOX_RETENTION: TimeDelta = TimeDelta::days(15);

/// Deletes processed-message records and idempotency keys after their retention.
pub async fn delete_expired(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("delete from inbox where handled_at < $1")
        .bind(now - INBOX_RETENTION)
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from idempotency_keys where created_at < $1")
        .bind(now - idempotency::RETENTION)
        .execute(connection)
        .await?;
    Ok(())
}
