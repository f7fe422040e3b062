//! Answers that are given again to the same request.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{UserId, http::IdempotencyKey};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::error::Error;

/// How long a key is remembered.
pub const RETENTION: TimeDelta = TimeDelta::hours(24);

/// An answer that was given.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Value,
}

/// What a request with a key is to do.
#[derive(Debug)]
pub enum Begin {
    /// Its work: nobody has done it, and nobody else can begin until this transaction ends.
    Start,
    /// Nothing: this is the answer.
    Replay(Answer),
}

/// Claims `key` of `user` until the transaction ends.
pub async fn begin(
    connection: &mut PgConnection,
    user: UserId,
    key: &IdempotencyKey,
    request: &Value,
    now: DateTime<Utc>,
) -> Result<Begin, Error> {
    // A lock that dies with the transaction: a crash leaves no key that is for ever "still running".
    let free: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || $2, 0))")
        .bind(user.as_uuid())
        .bind(key.as_str())
        .fetch_one(&mut *connection)
        .await?;
    if !free {
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
        None => Ok(Begin::Start),
        Some(stored) if stored.request.0 != *request => Err(Error::KeyReused),
        Some(Stored { status, body: Json(body), .. }) => {
            Ok(Begin::Replay(Answer { status: u16::try_from(status).unwrap_or_default(), body }))
        }
    }
}

/// Keeps the answer, in the transaction of the effect.
pub async fn keep(
    connection: &mut PgConnection,
    user: UserId,
    key: &IdempotencyKey,
    request: &Value,
    answer: &Answer,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into idempotency_keys (user_id, key, request, status, body, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id, key) do update set
             request = excluded.request, status = excluded.status, body = excluded.body, created_at = excluded.created_at",
    )
    .bind(user.as_uuid())
    .bind(key.as_str())
    .bind(Json(request))
    .bind(i32::from(answer.status))
    .bind(Json(&answer.body))
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}
