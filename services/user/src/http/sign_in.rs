//! Tokens for an address and a password.

use chrono::TimeDelta;
use uuid::Uuid;

use super::token_response::TokenResponse;
use crate::{
    AppState, Error, clock,
    domain::{Account, EmailAddress, FamilyId, Password, RefreshToken, admit},
    passwords::Verdict,
    store::Store,
};

/// How often an attempt is counted again that another one on the same address came before.
const COUNT_TRIES: u32 = 5;

pub(super) async fn sign_in(
    state: &AppState,
    email: &EmailAddress,
    password: Password,
) -> Result<TokenResponse, Error> {
    count_attempt(&state.store, email).await?;
    let account = state.store.account_by_email(email).await?;
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let verdict = state.passwords.verify(password.clone(), hash).await?;
    let account = match (verdict, account) {
        (Verdict::Right, Some(account)) => account,
        (Verdict::RightButOutdated, Some(account)) => {
            renew_hash(state, &account, password).await?;
            account
        }
        (Verdict::Wrong, _) | (_, None) => return Err(Error::InvalidCredentials),
    };

    let now = clock::now();
    let access_token = state.tokens.issue(&account, now).await?;
    let refresh_token = RefreshToken::new(rand::random());
    let family = FamilyId::from(Uuid::now_v7());
    if !state.store.start_family(account.id, family, &refresh_token, now).await? {
        return Err(Error::InvalidCredentials); // The account was deleted meanwhile.
    }
    state.store.forget_attempts(email).await?;
    Ok(TokenResponse::new(&account, access_token, &refresh_token))
}

/// Counts before the password is looked at, so that guesses at the same time are counted too.
async fn count_attempt(store: &Store, email: &EmailAddress) -> Result<(), Error> {
    for _ in 0..COUNT_TRIES {
        let before = store.attempts(email).await?;
        let after = admit(before, clock::now()).map_err(|wait| Error::TooManyAttempts { wait })?;
        if store.count_attempt(email, before, after).await? {
            return Ok(());
        }
    }
    Err(Error::TooManyAttempts { wait: TimeDelta::seconds(1) })
}

async fn renew_hash(state: &AppState, account: &Account, password: Password) -> Result<(), Error> {
    let hash = state.passwords.hash(password).await?;
    state.store.renew_password_hash(account.id, &account.password_hash, &hash).await?;
    tracing::info!(user_id = %account.id, "a password's hash has the current parameters now");
    Ok(())
}
