//! The request to publish all products again, and its progress: at most one row.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Writes a request, or starts the present one again.
pub async fn request(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into republication (after, requested_at) values ($1, $2)
         on conflict (id) do update set after = excluded.after, requested_at = excluded.requested_at",
    )
    .bind(Uuid::nil())
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}

/// Locks the request, and returns the last product that was announced for it. `None` if there is no request, or another
/// transaction works on it.
pub async fn lock(connection: &mut PgConnection) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select after from republication for update skip locked").fetch_optional(connection).await
}

/// Records the last product that was announced.
pub async fn advance(connection: &mut PgConnection, after: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("update republication set after = $1").bind(after).execute(connection).await.map(drop)
}

/// Deletes the locked request.
pub async fn finish(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("delete from republication").execute(connection).await.map(drop)
}
