//! Deletion of expired rows.

use chrono::{DateTime, Utc};

use super::{Database, idempotency};

/// Rows per statement. An unlimited one could run into its time limit, delete nothing, and find more the next time.
const BATCH: u64 = 1_000;

/// Deletes idempotency keys after their retention. Several instances may do so: none waits for another.
pub async fn delete_expired(database: &Database, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    while delete_keys(database, now).await? == BATCH {}
    Ok(())
}

async fn delete_keys(database: &Database, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let delete = database.run(async |connection| {
        sqlx::query(
            "delete from idempotency_keys where (user_id, key) in (
                 select user_id, key from idempotency_keys where created_at < $1
                 order by created_at limit $2 for update skip locked
             )",
        )
        .bind(now - idempotency::RETENTION)
        .bind(BATCH.cast_signed())
        .execute(connection)
        .await
    });
    Ok(delete.await?.rows_affected())
}
