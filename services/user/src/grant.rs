//! `user grant`: an operator sets what an account may do. The first staff and admin accounts are made this way: nobody's
//! rights begin with a password that is written down somewhere.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use contracts::{UserId, auth::Scope};

use crate::{clock, domain::EmailAddress, store::Store};

/// Sets the scopes of the account that has this address; fails if there is none, or if it is changed at the same moment.
pub async fn grant(store: &Store, email: &EmailAddress, scopes: BTreeSet<Scope>) -> anyhow::Result<UserId> {
    let account = store.account_by_email(email).await?.context("no account has this e-mail address")?;
    let granted = account.grant(scopes);
    if !store.update_account(&granted, None, clock::now()).await? {
        bail!("the account was changed at the same moment; run the command again");
    }
    Ok(account.id)
}
