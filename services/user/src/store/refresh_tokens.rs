//! Refresh tokens and their families. Only a token's hash is kept.

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

/// What is known of a refresh token that was given out and has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Whose it is.
    pub user_id: UserId,
    /// The sign-in that it goes back to.
    pub family: FamilyId,
    /// It was used before.
    pub used: bool,
}

/// What became of the use of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Rotation {
    /// The new token is good, the old one is used.
    Done,
    /// The old one was used before, or at the same moment; the new one was not written.
    AlreadyUsed,
    /// The family has ended; the new one was not written.
    FamilyEnded,
}

#[derive(Serialize, Deserialize)]
struct RefreshItem {
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

#[derive(Serialize)]
struct FamilyItem {
    pk: String,
    sk: String,
    expires_at: i64,
}

impl Store {
    /// Starts a family with its first token; `false`, and nothing written, if the account is gone.
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

    /// Looks a token up. DynamoDB deletes late what has expired: here it is gone in time.
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

    /// Uses `old` and replaces it by `new`, of the same family.
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
            Commit::Refused(positions) if positions.contains(&0) => Rotation::AlreadyUsed,
            Commit::Refused(_) => Rotation::FamilyEnded,
        })
    }

    /// Ends a family: none of its tokens is good any more.
    pub async fn end_family(&self, user_id: UserId, family: FamilyId) -> Result<(), StoreError> {
        self.delete(&user_pk(user_id), &family_sk(family)).await
    }

    /// Ends all families of an account.
    pub async fn end_families(&self, user_id: UserId) -> Result<(), StoreError> {
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
