//! `POST /v1/auth/revoke`: somebody signs out.

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, http::Json};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{AppState, Error, clock, domain::RefreshToken};

/// What is to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    /// Any token of the sign-in that is to end.
    #[schema(value_type = String)]
    refresh_token: RefreshToken,
}

/// Ends a sign-in: none of its refresh tokens is good any more.
///
/// Access tokens that it gave expire by themselves. A token that is not known gets the same answer (RFC 7009).
#[utoipa::path(
    post, path = "/v1/auth/revoke", tag = "tokens",
    responses(
        (status = 204, description = "The token is not good any more"),
        (status = 400, description = "A field is not valid", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn revoke(
    State(state): State<AppState>,
    Json(Revocation { refresh_token }): Json<Revocation>,
) -> Result<StatusCode, Error> {
    if let Some(stored) = state.store.refresh_token(&refresh_token, clock::now()).await? {
        state.store.end_family(stored.user_id, stored.family).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
