//! The response to a sign-in and to a refresh.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{Account, RefreshToken},
    tokens::ACCESS_LIFETIME,
};

/// Tokens, as RFC 6749 names them.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse {
    /// The JWT to call the API with.
    access_token: String,
    /// Always `Bearer`.
    #[schema(value_type = String, examples("Bearer"))]
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// For new tokens, once, within 30 days.
    refresh_token: String,
    /// What the access token allows, separated by spaces.
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
