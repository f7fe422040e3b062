//! Sign-in attempts by address.

use chrono::{DateTime, Utc, serde::ts_milliseconds};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, is_condition_met, number};
use crate::domain::{Attempts, EmailAddress, RESET_AFTER};

pub(super) const SK: &str = "ATTEMPTS";

#[derive(Serialize, Deserialize)]
pub(super) struct AttemptsItem {
    pk: String,
    sk: String,
    count: u32,
    #[serde(with = "ts_milliseconds")]
    last_at: DateTime<Utc>,
    expires_at: i64,
}

impl Store {
    /// Returns the attempts with an address since the last success.
    pub async fn attempts(&self, email: &EmailAddress) -> Result<Option<Attempts>, StoreError> {
        let item: Option<AttemptsItem> = self.get(&pk(email), SK).await?;
        Ok(item.map(|AttemptsItem { count, last_at, .. }| Attempts { count, last_at }))
    }

    /// Replaces the count `before` with `after`. Returns `false` and writes nothing if a concurrent attempt has changed
    /// it.
    pub async fn count_attempt(
        &self,
        email: &EmailAddress,
        before: Option<Attempts>,
        after: Attempts,
    ) -> Result<bool, StoreError> {
        let Attempts { count, last_at } = after;
        let expires_at = (last_at + RESET_AFTER).timestamp();
        let item = AttemptsItem { pk: pk(email), sk: SK.to_owned(), count, last_at, expires_at };
        let put = self.client.put_item().table_name(&self.table).set_item(Some(serde_dynamo::to_item(item)?));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(Attempts { count, last_at }) => put
                .condition_expression("#count = :count AND last_at = :last_at")
                .expression_attribute_names("#count", "count")
                .expression_attribute_values(":count", number(count))
                .expression_attribute_values(":last_at", number(last_at.timestamp_millis())),
        };
        is_condition_met("PutItem", put.send().await)
    }

    /// Resets the count of an address.
    pub async fn reset_attempts(&self, email: &EmailAddress) -> Result<(), StoreError> {
        self.delete(&pk(email), SK).await
    }
}

pub(super) fn pk(email: &EmailAddress) -> String {
    format!("SIGNIN#{}", email.key())
}
