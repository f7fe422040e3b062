//! `POST /v1/auth/revoke`: sign-out.

use axum::{extract::State, http::StatusCode};
use contracts::http::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{AppState, Error, clock, domain::RefreshToken};

/// Revocation of a sign-in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    /// Any refresh token of the sign-in.
    #[schema(value_type = String, format = "password")]
    refresh_token: RefreshToken,
}

/// Ends a sign-in: revokes all its refresh tokens.
///
/// Its access tokens stay valid until they expire, ten minutes at most. The response for an unknown token is the same
/// (RFC 7009).
#[utoipa::path(
    post, path = "/v1/auth/revoke", tag = "tokens",
    responses((status = 204, description = "The refresh token is no longer valid")),
)]
pub(super) async fn revoke(
    State(state): State<AppState>,
    Json(Revocation { refresh_token }): Json<Revocation>,
) -> Result<StatusCode, Error> {
    if let Some(stored) = state.store.refresh_token(&refresh_token, clock::now()).await? {
        state.store.revoke_family(stored.user_id, stored.family).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
