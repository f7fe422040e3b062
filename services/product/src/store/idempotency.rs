//! Stored responses, by idempotency key.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{UserId, http::IdempotencyKey};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::error::Error;

/// Retention of a key.
pub const RETENTION: TimeDelta = TimeDelta::hours(24);

/// Response to a completed request.
#[derive(Debug)]
pub struct StoredResponse {
    pub status: u16,
    pub body: Value,
}

/// Result of claiming a key.
#[derive(Debug)]
pub enum Claim {
    /// The key is new, and claimed until the transaction ends.
    New,
    /// The request was completed before, with this response.
    Completed(StoredResponse),
}

/// Claims `key` of `user` until the transaction ends.
pub async fn claim(
    connection: &mut PgConnection,
    user: UserId,
    key: &IdempotencyKey,
    request: &Value,
    now: DateTime<Utc>,
) -> Result<Claim, Error> {
    // The lock ends with the transaction: a crash leaves no claim behind.
    let is_free: bool =
        sqlx::query_scalar("select pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || $2, 0))")
            .bind(user.as_uuid())
            .bind(key.as_str())
            .fetch_one(&mut *connection)
            .await?;
    if !is_free {
        return Err(Error::KeyInUse);
    }
    #[derive(FromRow)]
    struct Stored {
        request: Json<Value>,
        status: i32,
        body: Json<Value>,
    }
    let stored: Option<Stored> = sqlx::query_as(
        "select request, status, body from idempotency_keys where user_id = $1 and key = $2 and created_at > $3",
    )
    .bind(user.as_uuid())
    .bind(key.as_str())
    .bind(now - RETENTION)
    .fetch_optional(connection)
    .await?;
    match stored {
        None => Ok(Claim::New),
        Some(stored) if stored.request.0 != *request => Err(Error::KeyReused),
        Some(Stored { status, body: Json(body), .. }) => {
            Ok(Claim::Completed(StoredResponse { status: u16::try_from(status).unwrap_or_default(), body }))
        }
    }
}

/// Stores the response, in the transaction of the effect.
pub async fn save(
    connection: &mut PgConnection,
    user: UserId,
    key: &IdempotencyKey,
    request: &Value,
    response: &StoredResponse,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into idempotency_keys (user_id, key, request, status, body, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id, key) do update set
             request = excluded.request, status = excluded.status, body = excluded.body,
             created_at = excluded.created_at",
    )
    .bind(user.as_uuid())
    .bind(key.as_str())
    .bind(Json(request))
    .bind(i32::from(response.status))
    .bind(Json(&response.body))
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}
