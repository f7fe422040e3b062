//! Refresh tokens and their families. Only the hash of a token is stored.

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem, Update};
use chrono::{DateTime, Utc};
use contracts::UserId;
use serde::{Deserialize, Serialize};

use super::{
    Commit, Store, StoreError,
    accounts::{PROFILE, user_pk},
    key, number, text,
};
use crate::domain::{FamilyId, REFRESH_LIFETIME, RefreshToken};

const REFRESH: &str = "REFRESH";
const FAMILY_PREFIX: &str = "FAMILY#";

/// An issued, unexpired refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Account of the token.
    pub user_id: UserId,
    /// Family of the token.
    pub family: FamilyId,
    /// Whether the token has been used.
    pub used: bool,
}

/// Outcome of the use of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Rotation {
    /// The old token is marked as used, and the new one is written.
    Done,
    /// The old token has been used before, or concurrently; nothing is written.
    AlreadyUsed,
    /// The family is revoked; nothing is written.
    FamilyRevoked,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RefreshItem {
    pk: String,
    sk: String,
    user_id: UserId,
    family: FamilyId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used_at: Option<i64>,
    expires_at: i64,
}

impl RefreshItem {
    fn new(token: &RefreshToken, user_id: UserId, family: FamilyId, now: DateTime<Utc>) -> Self {
        let expires_at = (now + REFRESH_LIFETIME).timestamp();
        Self { pk: token_pk(token), sk: REFRESH.to_owned(), user_id, family, used_at: None, expires_at }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct FamilyItem {
    pk: String,
    sk: String,
    expires_at: i64,
}

impl Store {
    /// Starts a family with its first token. Returns `false` and writes nothing if the account is deleted.
    pub async fn start_family(
        &self,
        user_id: UserId,
        family: FamilyId,
        token: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let expires_at = (now + REFRESH_LIFETIME).timestamp();
        let account_exists = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(&user_pk(user_id), PROFILE)))
            .condition_expression("attribute_exists(pk)")
            .build()
            .expect("table, key and condition are set");
        let writes = vec![
            TransactWriteItem::builder().condition_check(account_exists).build(),
            self.put_new(&FamilyItem { pk: user_pk(user_id), sk: family_sk(family), expires_at })?,
            self.put_new(&RefreshItem::new(token, user_id, family, now))?,
        ];
        Ok(self.commit(writes).await? == Commit::Done)
    }

    /// Returns a token unless it has expired. DynamoDB deletes expired items late, so the time is checked here.
    pub async fn refresh_token(
        &self,
        token: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredToken>, StoreError> {
        let item: Option<RefreshItem> = self.get(&token_pk(token), REFRESH).await?;
        let item = item.filter(|item| item.expires_at > now.timestamp());
        Ok(item.map(|RefreshItem { user_id, family, used_at, .. }| StoredToken {
            user_id,
            family,
            used: used_at.is_some(),
        }))
    }

    /// Marks `old` as used, and writes `new` in the same family.
    pub async fn rotate(
        &self,
        old: &RefreshToken,
        stored: &StoredToken,
        new: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StoreError> {
        let StoredToken { user_id, family, used: _ } = *stored;
        let use_old = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&token_pk(old), REFRESH)))
            .update_expression("SET used_at = :now")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(used_at)")
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .build()
            .expect("table, key and expression are set");
        let keep_family = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&user_pk(user_id), &family_sk(family))))
            .update_expression("SET expires_at = :expires_at")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":expires_at", number((now + REFRESH_LIFETIME).timestamp()))
            .build()
            .expect("table, key and expression are set");
        let writes = vec![
            TransactWriteItem::builder().update(use_old).build(),
            TransactWriteItem::builder().update(keep_family).build(),
            self.put_new(&RefreshItem::new(new, user_id, family, now))?,
        ];
        Ok(match self.commit(writes).await? {
            Commit::Done => Rotation::Done,
            Commit::ConditionFailed(positions) if positions.contains(&0) => Rotation::AlreadyUsed,
            Commit::ConditionFailed(_) => Rotation::FamilyRevoked,
        })
    }

    /// Revokes all tokens of a family.
    pub async fn revoke_family(&self, user_id: UserId, family: FamilyId) -> Result<(), StoreError> {
        self.delete(&user_pk(user_id), &family_sk(family)).await
    }

    /// Revokes all families of an account.
    pub async fn revoke_families(&self, user_id: UserId) -> Result<(), StoreError> {
        let pk = user_pk(user_id);
        let mut families = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :family)")
            .expression_attribute_values(":pk", text(&pk))
            .expression_attribute_values(":family", text(FAMILY_PREFIX))
            .projection_expression("sk")
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = families.next().await {
            let item = item.map_err(StoreError::call("Query"))?;
            if let Some(Ok(sk)) = item.get("sk").map(|sk| sk.as_s()) {
                self.delete(&pk, sk).await?;
            }
        }
        Ok(())
    }
}

fn token_pk(token: &RefreshToken) -> String {
    format!("REFRESH#{}", token.hash())
}

fn family_sk(family: FamilyId) -> String {
    format!("{FAMILY_PREFIX}{family}")
}
