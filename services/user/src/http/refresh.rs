//! New tokens for a refresh token.

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
        return Err(revoke_family(state, &stored).await);
    }
    let account = state.store.account(stored.user_id).await?.ok_or(Error::InvalidCredentials)?;
    // Signed before the rotation: if KMS fails, the client still has a valid refresh token.
    let access_token = state.tokens.issue(&account, now).await?;
    let next = RefreshToken::new(rand::random());
    match state.store.rotate(token, &stored, &next, now).await? {
        Rotation::Done => Ok(TokenResponse::new(&account, access_token, &next)),
        Rotation::AlreadyUsed => Err(revoke_family(state, &stored).await),
        Rotation::FamilyRevoked => Err(Error::InvalidCredentials),
    }
}

/// Revokes the family of a reused token. Returns the error for the client.
async fn revoke_family(state: &AppState, stored: &StoredToken) -> Error {
    if let Err(error) = state.store.revoke_family(stored.user_id, stored.family).await {
        return error.into();
    }
    tracing::warn!(user_id = %stored.user_id, "refresh token reused: family revoked");
    Error::InvalidCredentials
}
