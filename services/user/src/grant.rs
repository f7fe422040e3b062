//! `user grant`: an operator sets the scopes of an account. The first staff and admin accounts get theirs this way, so
//! that no initial password exists.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use contracts::{UserId, auth::Scope};

use crate::{clock, domain::EmailAddress, store::Store};

/// Sets the scopes of the account with this address. Fails if there is none, or on a version conflict.
pub async fn grant(store: &Store, email: &EmailAddress, scopes: BTreeSet<Scope>) -> anyhow::Result<UserId> {
    let account = store.account_by_email(email).await?.context("no account has this e-mail address")?;
    let granted = account.grant(scopes);
    if !store.update_account(&granted, None, clock::now()).await? {
        bail!("version conflict: another request changed the account; run the command again");
    }
    Ok(account.id)
}
