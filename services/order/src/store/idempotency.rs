//! Idempotency keys: the answer to a request, kept with its effect, so that a repetition gets the same answer.

use aws_sdk_dynamodb::types::{AttributeValue, Put};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::{UserId, http::IdempotencyKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Store, key};
use crate::error::Error;

/// How long a key is remembered.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// A request that can be repeated: who asked for what, under which key. Keys of two users or routes never meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatableRequest {
    pk: String,
    hash: String,
}

impl RepeatableRequest {
    /// The request of `user` to `route`. `content` is everything that the request says, its path included: by it, a
    /// repetition is told from another request under the same key.
    pub fn new(user: UserId, route: &str, key: &IdempotencyKey, content: &impl Serialize) -> Result<Self, Error> {
        let hash = hex::encode(Sha256::digest(serde_json::to_vec(content)?));
        Ok(Self { pk: format!("IDEMPOTENCY#{user}#{route}#{}", key.as_str()), hash })
    }
}

/// The answer to a request, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Where the order is.
    pub location: String,
    /// The JSON body.
    pub body: String,
}

#[derive(Serialize, Deserialize)]
struct KeyItem {
    pk: String,
    sk: String,
    request_hash: String,
    #[serde(flatten)]
    answer: StoredAnswer,
    expires_at: i64,
}

impl Store {
    /// The answer that `request` got before; none if it is new. [`Error::KeyReused`] if its key was used for another.
    pub async fn answer_to(
        &self,
        request: &RepeatableRequest,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredAnswer>, Error> {
        let item: Option<KeyItem> = self.get(key(request.pk.clone(), SK.to_owned())).await?;
        match item {
            // DynamoDB deletes late.
            Some(item) if item.expires_at < now.timestamp() => Ok(None),
            Some(item) if item.request_hash != request.hash => Err(Error::KeyReused),
            other => Ok(other.map(|item| item.answer)),
        }
    }

    /// Keeps `answer` as part of a transaction, which fails if the key was used before.
    pub(super) fn keep(
        &self,
        request: &RepeatableRequest,
        answer: StoredAnswer,
        now: DateTime<Utc>,
    ) -> Result<Put, Error> {
        let item = KeyItem {
            pk: request.pk.clone(),
            sk: SK.to_owned(),
            request_hash: request.hash.clone(),
            answer,
            expires_at: (now + LIFETIME).timestamp(),
        };
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .condition_expression("attribute_not_exists(pk) OR expires_at < :now")
            .expression_attribute_values(":now", AttributeValue::N(now.timestamp().to_string()))
            .build()
            .map_err(|error| Error::Store(error.into()))
    }
}

const SK: &str = "IDEMPOTENCY";
