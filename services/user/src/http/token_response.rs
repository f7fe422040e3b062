//! The response to a sign-in and to a refresh.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{Account, RefreshToken},
    tokens::ACCESS_LIFETIME,
};

/// Tokens of a sign-in, in the terms of RFC 6749.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse {
    /// Access token for the API: a JWT.
    access_token: String,
    /// Always `Bearer`.
    #[schema(value_type = String, pattern = "^Bearer$", examples("Bearer"))]
    token_type: &'static str,
    /// Lifetime of the access token, in seconds.
    expires_in: i64,
    /// Refresh token for new tokens. It can be used once, within 30 days.
    refresh_token: String,
    /// Scopes of the access token, separated by spaces.
    scope: String,
}

impl TokenResponse {
    pub(super) fn new(account: &Account, access_token: String, refresh_token: &RefreshToken) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: ACCESS_LIFETIME.num_seconds(),
            refresh_token: refresh_token.expose().to_owned(),
            scope: account.scope_text(),
        }
    }
}
