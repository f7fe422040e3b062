//! `user republish`: an operator publishes the contact data of every account again, after a consumer lost its copy. The
//! shop runs meanwhile, and the command may be repeated: a consumer ignores a version that it has.

use std::{num::NonZeroU32, time::Duration};

use anyhow::{Context, bail};
use contracts::{Envelope, EventId};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{
    clock,
    domain::Account,
    store::{Page, Store, StoreError},
};

/// Number of attempts to publish an account that other requests are changing.
const ATTEMPTS: u32 = 10;

/// Publishes `shop.user.updated.v1` of every account at its current version. Returns the number of accounts.
///
/// Fails at once if the table does not respond. Accounts that cannot be read are logged; the others are published, and
/// then the command fails.
pub async fn republish(store: &Store, per_second: NonZeroU32) -> anyhow::Result<usize> {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut published, mut unreadable, mut cursor) = (0, 0, None);
    loop {
        let Page { accounts, unreadable: skipped, next } =
            store.accounts(cursor).await.context("cannot list accounts")?;
        unreadable += skipped;
        for batch in accounts.chunks(per_second.get().try_into()?) {
            second.tick().await;
            published += publish(store, batch).await?;
        }
        tracing::info!(published, "accounts published again");
        let Some(next) = next else { break };
        cursor = Some(next);
    }
    if unreadable > 0 {
        bail!("{unreadable} accounts cannot be read; {published} are published again");
    }
    Ok(published)
}

/// Publishes accounts concurrently. Returns the number of those that still exist.
async fn publish(store: &Store, accounts: &[Account]) -> anyhow::Result<usize> {
    let mut tasks = JoinSet::new();
    for account in accounts {
        let (store, account) = (store.clone(), account.clone());
        tasks.spawn(async move { publish_current(&store, account).await });
    }
    let mut published = 0;
    while let Some(outcome) = tasks.join_next().await {
        published += usize::from(outcome?.context("cannot write an event")?);
    }
    Ok(published)
}

/// Writes the event of an account at its current version. Returns false if the account is deleted: its deletion is
/// announced, and nothing of it may be published afterwards.
async fn publish_current(store: &Store, mut account: Account) -> Result<bool, StoreError> {
    for _ in 0..ATTEMPTS {
        let now = clock::now();
        let envelope = Envelope::new(EventId::generate(), account.id, account.version, now, account.republished());
        if store.put_event_of(&account, &envelope, now).await? {
            return Ok(true);
        }
        match store.account(account.id).await? {
            Some(current) => account = current,
            None => return Ok(false),
        }
    }
    Err(StoreError::RetriesExhausted)
}
