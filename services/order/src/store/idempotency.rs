//! Idempotency keys: the response to a request, stored with its effect and returned to every retry.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::{UserId, http::IdempotencyKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Store, key};
use crate::error::Error;

/// Retention of a key.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// A request with an idempotency key. Keys are per user and route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotentRequest {
    pk: String,
    hash: String,
}

impl IdempotentRequest {
    /// Creates the request of `user` to `route`. `content` is the whole request, path parameters included: its hash
    /// distinguishes a retry from a different request with the same key.
    pub(crate) fn new(
        user: UserId,
        route: &str,
        key: &IdempotencyKey,
        content: &impl Serialize,
    ) -> Result<Self, Error> {
        let pk = format!("IDEMPOTENCY#{user}#{route}#{}", key.as_str());
        Ok(Self { pk, hash: hash(content)? })
    }
}

/// Hashes the canonical JSON of `content`. A retry of a request has the same hash in a later version of this service,
/// in which the request type has further optional fields or declares them in another order.
fn hash(content: &impl Serialize) -> Result<String, Error> {
    let canonical = canonical(serde_json::to_value(content)?);
    Ok(hex::encode(Sha256::digest(serde_json::to_vec(&canonical)?)))
}

/// Sorts the fields of all objects, and removes those that are null.
fn canonical(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let present = fields.into_iter().filter(|(_, value)| !value.is_null());
            let sorted: BTreeMap<String, Value> = present.map(|(name, value)| (name, canonical(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(canonical).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Response to a request, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredResponse {
    /// HTTP status code.
    pub(crate) status: u16,
    /// Path of the order.
    pub(crate) location: String,
    /// Body, as JSON.
    pub(crate) body: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct IdempotencyItem {
    pk: String,
    sk: String,
    request_hash: String,
    #[serde(flatten)]
    response: StoredResponse,
    expires_at: i64,
}

impl Store {
    /// Returns the stored response to `request`; `None` if the key is new. [`Error::KeyReused`] if the key was used for
    /// a different request.
    pub(crate) async fn stored_response(
        &self,
        request: &IdempotentRequest,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredResponse>, Error> {
        let item: Option<IdempotencyItem> = self.get(key(request.pk.clone(), SK.to_owned())).await?;
        match item {
            // DynamoDB deletes expired items late.
            Some(item) if item.expires_at < now.timestamp() => Ok(None),
            Some(item) if item.request_hash != request.hash => Err(Error::KeyReused),
            other => Ok(other.map(|item| item.response)),
        }
    }

    /// Stores `response` as part of a transaction, which fails if the key was used before.
    pub(super) fn put_response(
        &self,
        request: &IdempotentRequest,
        response: StoredResponse,
        now: DateTime<Utc>,
    ) -> Result<Put, Error> {
        let item = IdempotencyItem {
            pk: request.pk.clone(),
            sk: SK.to_owned(),
            request_hash: request.hash.clone(),
            response,
            expires_at: (now + LIFETIME).timestamp(),
        };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .condition_expression("attribute_not_exists(pk) OR expires_at < :now")
            .expression_attribute_values(":now", AttributeValue::N(now.timestamp().to_string()));
        Ok(put.build()?)
    }
}

const SK: &str = "IDEMPOTENCY";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Before {
        b: u8,
        a: u8,
    }

    /// [`Before`] with a further optional field, and in another order.
    #[derive(Serialize)]
    struct After {
        a: u8,
        b: u8,
        note: Option<&'static str>,
    }

    #[test]
    fn a_further_optional_field_and_the_order_of_fields_do_not_change_the_hash() {
        let before = hash(&Before { b: 2, a: 1 }).unwrap();
        assert_eq!(hash(&After { a: 1, b: 2, note: None }).unwrap(), before);
        assert_ne!(hash(&After { a: 1, b: 2, note: Some("fragile") }).unwrap(), before);
    }

    #[test]
    fn an_absent_field_and_null_hash_alike_at_every_depth() {
        assert_eq!(hash(&json!({ "a": 1, "note": null })).unwrap(), hash(&json!({ "a": 1 })).unwrap());
        let nested = |address| json!(["ord_1", { "address": address }]);
        assert_eq!(
            hash(&nested(json!({ "city": "Ulm", "line2": null }))).unwrap(),
            hash(&nested(json!({ "city": "Ulm" }))).unwrap(),
        );
    }

    #[test]
    fn requests_that_differ_have_different_hashes() {
        let contents = [
            json!({ "a": 1 }),
            json!({ "a": 2 }),
            json!({ "a": "1" }),
            json!({ "b": 1 }),
            json!({ "a": { "b": 1 } }),
            json!([1, null]),
            json!([1]),
        ];
        let mut hashes: Vec<_> = contents.iter().map(|content| hash(content).unwrap()).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), contents.len());
    }

    /// Keys are stored for 24 hours: a change of the canonical form would answer retries across a deployment with 422.
    #[test]
    fn the_canonical_form_is_stable() {
        let canonical = r#"["ord_1",{"a":1,"b":2}]"#;
        let content = json!(["ord_1", { "b": 2, "a": 1, "note": null }]);
        assert_eq!(hash(&content).unwrap(), hex::encode(Sha256::digest(canonical)));
    }
}
