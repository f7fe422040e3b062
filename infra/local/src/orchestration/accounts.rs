//! A customer and somebody of the staff, who exist on this machine only. Their passwords are random, and new for
//! every data folder: there is no default password that could leave this machine.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result};
use uuid::Uuid;

use super::{Account, ready};
use stack::api::{Client, Shopper};

/// Name, what they are called, and what they may do.
const PEOPLE: [(&str, &str, &[&str]); 2] =
    [("customer", "Carla Customer", &["customer"]), ("staff", "Stefan Staff", &["customer", "staff", "admin"])];

/// Sees to it that everybody can sign in: with the password of `known`, the accounts of the last run, or a new one.
///
/// Scopes are not the API's to give to oneself: `grant` does it, as an operator does on AWS.
pub async fn ensure_accounts(
    front_door: &str,
    known: &BTreeMap<String, Account>,
    grant: impl AsyncFn(&Account) -> Result<()>,
) -> Result<BTreeMap<String, Account>> {
    let anonymous = Client::new(front_door)?;
    let people = PEOPLE.map(async |(name, title, scopes)| {
        let account = ensure_account(&anonymous, known.get(name), &grant, name, title, scopes).await;
        anyhow::Ok((name.to_owned(), account.with_context(|| format!("cannot make the local account `{name}`"))?))
    });
    Ok(futures::future::try_join_all(people).await?.into_iter().collect())
}

async fn ensure_account(
    anonymous: &Client,
    known: Option<&Account>,
    grant: impl AsyncFn(&Account) -> Result<()>,
    name: &str,
    title: &str,
    scopes: &[&str],
) -> Result<Account> {
    if let Some(known) = known
        && Shopper::sign_in(anonymous, &known.email, &known.password).await.is_ok()
    {
        return Ok(known.clone());
    }
    let account = Account {
        email: format!("{name}@shop.localhost"),
        password: Uuid::new_v4().simple().to_string()[..20].to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    Shopper::register(anonymous, &account.email, &account.password, title).await?;
    grant(&account).await?;
    let signed_in = ready::until(Duration::from_secs(10), async || {
        Shopper::sign_in(anonymous, &account.email, &account.password).await.map(drop)
    });
    let other_password = "it cannot sign in: if the data folder is older than its stack.json, use `up --fresh`";
    signed_in.await.context(other_password)?;
    Ok(account)
}
