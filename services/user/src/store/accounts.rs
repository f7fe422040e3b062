//! Accounts and their addresses.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, TransactWriteItem, Update};
use chrono::{DateTime, Utc, serde::ts_milliseconds};
use contracts::{Envelope, UserId, auth::Scope};
use serde::{Deserialize, Serialize};

use super::{Commit, Item, Store, StoreError, attempts, is_condition_met, key, number, text};
use crate::domain::{Account, DisplayName, EmailAddress, Locale, NOTICE_INTERVAL, PasswordHash};

pub(super) const PROFILE: &str = "PROFILE";
const ACCOUNT: &str = "ACCOUNT";

#[derive(Serialize, Deserialize)]
pub(super) struct ProfileItem {
    pk: String,
    sk: String,
    id: UserId,
    email: String,
    name: DisplayName,
    locale: Locale,
    scopes: Vec<Scope>,
    password_hash: String,
    #[serde(with = "ts_milliseconds")]
    created_at: DateTime<Utc>,
    version: u64,
    /// Time of the last notice to the owner about a repeated registration, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noticed_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AddressItem {
    pk: String,
    sk: String,
    user_id: UserId,
}

/// A page of accounts.
#[derive(Debug)]
pub struct Page {
    /// Accounts, unordered.
    pub accounts: Vec<Account>,
    /// Number of accounts that this version cannot read.
    pub unreadable: usize,
    /// Start of the next page. None after the last one.
    pub next: Option<Cursor>,
}

/// Start of a page.
#[derive(Debug)]
pub struct Cursor(Item);

/// Outcome of the creation of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Creation {
    /// The account is created.
    Done,
    /// Another account has the address; nothing is written.
    AddressTaken,
}

impl Store {
    /// Creates an account, unless another one has its address.
    pub async fn create_account(
        &self,
        account: &Account,
        event: &Envelope,
        now: DateTime<Utc>,
    ) -> Result<Creation, StoreError> {
        let address = AddressItem { pk: address_pk(&account.email), sk: ACCOUNT.to_owned(), user_id: account.id };
        let writes =
            vec![self.put_new(&address)?, self.put_new(&ProfileItem::from(account))?, self.put_event(event, now)?];
        match self.commit(writes).await? {
            Commit::Done => Ok(Creation::Done),
            Commit::ConditionFailed(_) => Ok(Creation::AddressTaken),
        }
    }

    /// Returns an account by its id.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let item: Option<ProfileItem> = self.get(&user_pk(id), PROFILE).await?;
        Ok(item.map(Account::try_from).transpose()?)
    }

    /// Returns a page of all accounts. A scan, for repairs.
    pub async fn accounts(&self, start: Option<Cursor>) -> Result<Page, StoreError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression("sk = :profile")
            .expression_attribute_values(":profile", text(PROFILE))
            .set_exclusive_start_key(start.map(|Cursor(key)| key));
        let response = scan.send().await.map_err(StoreError::call("Scan"))?;
        let mut page = Page { accounts: Vec::new(), unreadable: 0, next: response.last_evaluated_key.map(Cursor) };
        for item in response.items.unwrap_or_default() {
            let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).cloned();
            match serde_dynamo::from_item::<_, ProfileItem>(item).and_then(Account::try_from) {
                Ok(account) => page.accounts.push(account),
                Err(error) => {
                    let error = contracts::error::chain(&error);
                    tracing::error!(pk, error, "account cannot be read");
                    page.unreadable += 1;
                }
            }
        }
        Ok(page)
    }

    /// Writes an event of an account that does not change. Returns `false` and writes nothing on a version conflict.
    pub async fn put_event_of(
        &self,
        account: &Account,
        event: &Envelope,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let unchanged = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(&user_pk(account.id), PROFILE)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(account.version))
            .build()
            .expect("table, key and condition are set");
        let writes = vec![TransactWriteItem::builder().condition_check(unchanged).build(), self.put_event(event, now)?];
        Ok(self.commit(writes).await? == Commit::Done)
    }

    /// Returns the account with an address. Makes as many reads if there is none, so that the time discloses nothing.
    pub async fn account_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let address: Option<AddressItem> = self.get(&address_pk(email), ACCOUNT).await?;
        self.account(address.map_or_else(UserId::generate, |address| address.user_id)).await
    }

    /// Writes a changed account and its event. Returns `false` and writes nothing on a version conflict, that is unless
    /// the stored account has the preceding version.
    pub async fn update_account(
        &self,
        account: &Account,
        event: Option<&Envelope>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Account { id, email: _, name, locale, scopes, password_hash: _, created_at: _, version } = account;
        let scopes: Vec<_> = scopes.iter().map(|scope| text(scope.as_str())).collect();
        // The password hash and the time of the last notice change without a new version, so they are not written here.
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&user_pk(*id), PROFILE)))
            .update_expression("SET #name = :name, #locale = :locale, scopes = :scopes, version = :version")
            .condition_expression("version = :before")
            .expression_attribute_names("#name", "name")
            .expression_attribute_names("#locale", "locale")
            .expression_attribute_values(":name", text(name.as_str()))
            .expression_attribute_values(":locale", text(locale.as_str()))
            .expression_attribute_values(":scopes", AttributeValue::L(scopes))
            .expression_attribute_values(":version", number(version))
            .expression_attribute_values(":before", number(version - 1))
            .build()
            .expect("table, key and expression are set");
        let mut writes = vec![TransactWriteItem::builder().update(update).build()];
        writes.extend(event.map(|event| self.put_event(event, now)).transpose()?);
        Ok(self.commit(writes).await? == Commit::Done)
    }

    /// Deletes an account with its address and sign-in attempts, and writes the event. Returns `false` and deletes
    /// nothing on a version conflict. Refresh tokens become invalid as well, because each use reads the account.
    pub async fn delete_account(
        &self,
        account: &Account,
        event: &Envelope,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let profile = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(&user_pk(account.id), PROFILE)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(account.version));
        let address =
            Delete::builder().table_name(&self.table).set_key(Some(key(&address_pk(&account.email), ACCOUNT)));
        let attempts =
            Delete::builder().table_name(&self.table).set_key(Some(key(&attempts::pk(&account.email), attempts::SK)));
        let mut writes =
            Vec::from([profile, address, attempts].map(|delete| {
                TransactWriteItem::builder().delete(delete.build().expect("table and key are set")).build()
            }));
        writes.push(self.put_event(event, now)?);
        Ok(self.commit(writes).await? == Commit::Done)
    }

    /// Writes the event of a repeated registration. Returns `false` and writes nothing if the last one is less than
    /// [`NOTICE_INTERVAL`] ago, or if the account is deleted.
    pub async fn put_registration_notice(
        &self,
        account: UserId,
        event: &Envelope,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&user_pk(account), PROFILE)))
            .update_expression("SET noticed_at = :now")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(noticed_at) OR noticed_at <= :before)",
            )
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .expression_attribute_values(":before", number((now - NOTICE_INTERVAL).timestamp_millis()))
            .build()
            .expect("table, key and expression are set");
        let writes = vec![TransactWriteItem::builder().update(update).build(), self.put_event(event, now)?];
        Ok(self.commit(writes).await? == Commit::Done)
    }

    /// Replaces a password hash with a new one of the same password, unless another request has replaced it.
    pub async fn renew_password_hash(
        &self,
        account: UserId,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&user_pk(account), PROFILE)))
            .update_expression("SET password_hash = :after")
            .condition_expression("password_hash = :before")
            .expression_attribute_values(":after", text(after.as_str()))
            .expression_attribute_values(":before", text(before.as_str()));
        is_condition_met("UpdateItem", update.send().await).map(|_| ())
    }
}

impl From<&Account> for ProfileItem {
    fn from(account: &Account) -> Self {
        let Account { id, email, name, locale, scopes, password_hash, created_at, version } = account;
        Self {
            pk: user_pk(*id),
            sk: PROFILE.to_owned(),
            id: *id,
            email: email.as_typed().to_owned(),
            name: name.clone(),
            locale: locale.clone(),
            scopes: scopes.iter().copied().collect(),
            password_hash: password_hash.as_str().to_owned(),
            created_at: *created_at,
            version: *version,
            noticed_at: None,
        }
    }
}

impl TryFrom<ProfileItem> for Account {
    type Error = serde_dynamo::Error;

    fn try_from(item: ProfileItem) -> Result<Self, Self::Error> {
        let ProfileItem {
            pk: _,
            sk: _,
            id,
            email,
            name,
            locale,
            scopes,
            password_hash,
            created_at,
            version,
            noticed_at: _,
        } = item;
        Ok(Self {
            id,
            email: email.try_into().map_err(<serde_dynamo::Error as serde::de::Error>::custom)?,
            name,
            locale,
            scopes: BTreeSet::from_iter(scopes),
            password_hash: PasswordHash::new(password_hash),
            created_at,
            version,
        })
    }
}

pub(super) fn user_pk(id: UserId) -> String {
    format!("USER#{id}")
}

fn address_pk(email: &EmailAddress) -> String {
    format!("EMAIL#{}", email.key())
}
