//! Tokens for a refresh token.

use super::token_response::TokenResponse;
use crate::{
    AppState, Error, clock,
    domain::RefreshToken,
    store::{Rotation, StoredToken},
};

pub(super) async fn refresh(state: &AppState, token: &RefreshToken) -> Result<TokenResponse, Error> {
    let now = clock::now();
    let stored = state.store.refresh_token(token, now).await?.ok_or(Error::InvalidCredentials)?;
    if stored.used {
        return end_family(state, &stored).await;
    }
    let account = state.store.account(stored.user_id).await?.ok_or(Error::InvalidCredentials)?;
    // Signed before the old token is spent: if KMS does not answer, the client still has a good token.
    let access_token = state.tokens.issue(&account, now).await?;
    let next = RefreshToken::new(rand::random());
    match state.store.rotate(token, &stored, &next, now).await? {
        Rotation::Done => Ok(TokenResponse::new(&account, access_token, &next)),
        Rotation::AlreadyUsed => end_family(state, &stored).await,
        Rotation::FamilyEnded => Err(Error::InvalidCredentials),
    }
}

async fn end_family(state: &AppState, stored: &StoredToken) -> Result<TokenResponse, Error> {
    state.store.end_family(stored.user_id, stored.family).await?;
    tracing::warn!(user_id = %stored.user_id, "a refresh token was used twice: its sign-in is ended");
    Err(Error::InvalidCredentials)
}
