//! Tokens for an e-mail address and a password.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{retry::retry_conflicts, token_response::TokenResponse};
use crate::{
    AppState, Error, clock,
    domain::{Account, EmailAddress, FamilyId, Password, RefreshToken, admit},
    passwords::PasswordCheck,
    store::Store,
};

/// Number of tries to count an attempt while concurrent ones with the same address are counted.
const COUNT_TRIES: u32 = 5;

pub(super) async fn sign_in(
    state: &AppState,
    email: &EmailAddress,
    password: Password,
) -> Result<TokenResponse, Error> {
    count_attempt(&state.store, email).await?;
    let account = state.store.account_by_email(email).await?;
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let check = state.passwords.verify(password.clone(), hash).await?;
    let account = match (check, account) {
        (PasswordCheck::Match, Some(account)) => account,
        (PasswordCheck::MatchNeedsRehash, Some(account)) => {
            rehash(state, &account, password).await?;
            account
        }
        (PasswordCheck::Mismatch, _) | (_, None) => return Err(Error::InvalidCredentials),
    };

    let now = clock::now();
    let access_token = state.tokens.issue(&account, now).await?;
    let refresh_token = RefreshToken::new(rand::random());
    let family = FamilyId::from(Uuid::now_v7());
    if !state.store.start_family(account.id, family, &refresh_token, now).await? {
        return Err(Error::InvalidCredentials); // A concurrent request deleted the account.
    }
    state.store.reset_attempts(email).await?;
    Ok(TokenResponse::new(&account, access_token, &refresh_token))
}

/// Counts the attempt before the password is verified, so that concurrent guesses are counted as well.
async fn count_attempt(store: &Store, email: &EmailAddress) -> Result<(), Error> {
    let counted = retry_conflicts(COUNT_TRIES, async || {
        let before = store.attempts(email).await?;
        let after = admit(before, clock::now()).map_err(|wait| Error::TooManyAttempts { wait })?;
        Ok(store.count_attempt(email, before, after).await?.then_some(()))
    });
    counted.await?.ok_or(Error::TooManyAttempts { wait: TimeDelta::seconds(1) })
}

async fn rehash(state: &AppState, account: &Account, password: Password) -> Result<(), Error> {
    let hash = state.passwords.hash(password).await?;
    state.store.renew_password_hash(account.id, &account.password_hash, &hash).await?;
    tracing::info!(user_id = %account.id, "password rehashed with the current parameters");
    Ok(())
}
