//! What is no longer needed.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::idempotency;

/// How long the mark of a handled event is kept: longer than a dead-letter queue keeps a message (14 days).
const INBOX_RETENTION: TimeDelta = TimeDelta::days(15);

/// Forgets what nobody can ask for any more.
pub async fn tidy(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("delete from inbox where handled_at < $1").bind(now - INBOX_RETENTION).execute(pool).await?;
    sqlx::query("delete from idempotency_keys where created_at < $1")
        .bind(now - idempotency::RETENTION)
        .execute(pool)
        .await?;
    Ok(())
}
