//! `POST /v1/auth/token`: tokens for credentials.

use axum::extract::State;
use contracts::{Problem, http::Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{refresh::refresh, sign_in::sign_in, token_response::TokenResponse};
use crate::{
    AppState, Error,
    domain::{EmailAddress, Password, RefreshToken},
};

/// Body of the request. It is flat, because errors of a tagged enum would not name the field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    grant_type: GrantType,
    email: Option<EmailAddress>,
    password: Option<Password>,
    refresh_token: Option<RefreshToken>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    Password,
    RefreshToken,
}

/// Credentials by grant type, as in RFC 6749.
#[derive(ToSchema)]
#[schema(as = TokenRequest)]
#[serde(tag = "grant_type", rename_all = "snake_case")]
enum Grant {
    /// Sign-in with address and password.
    #[schema(title = "PasswordGrant")]
    #[serde(deny_unknown_fields)]
    Password {
        /// Address of the account.
        email: EmailAddress,
        /// Password of the account.
        password: Password,
    },
    /// Refresh of a sign-in.
    #[schema(title = "RefreshTokenGrant")]
    #[serde(deny_unknown_fields)]
    RefreshToken {
        /// Newest refresh token of the sign-in. It can be used once.
        #[schema(value_type = String, format = "password")]
        refresh_token: RefreshToken,
    },
}

impl TryFrom<TokenRequest> for Grant {
    type Error = Error;

    fn try_from(request: TokenRequest) -> Result<Self, Error> {
        let missing = |field| Error::InvalidField { field, detail: "is required with this grant_type" };
        let surplus = |field| Err(Error::InvalidField { field, detail: "is not allowed with this grant_type" });
        let TokenRequest { grant_type, email, password, refresh_token } = request;
        match grant_type {
            GrantType::Password if refresh_token.is_some() => surplus("refresh_token"),
            GrantType::Password => Ok(Self::Password {
                email: email.ok_or_else(|| missing("email"))?,
                password: password.ok_or_else(|| missing("password"))?,
            }),
            GrantType::RefreshToken if email.is_some() => surplus("email"),
            GrantType::RefreshToken if password.is_some() => surplus("password"),
            GrantType::RefreshToken => {
                Ok(Self::RefreshToken { refresh_token: refresh_token.ok_or_else(|| missing("refresh_token"))? })
            }
        }
    }
}

/// Issues tokens for credentials.
///
/// The response for a wrong password, an unknown address and an invalid refresh token is the same. After five attempts
/// with an address, further ones have to wait; the wait doubles each time.
#[utoipa::path(
    post, path = "/v1/auth/token", tag = "tokens", request_body = Grant,
    responses(
        (status = 200, description = "An access token and a refresh token", body = TokenResponse),
        (status = 401, description = "The credentials are not valid", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many sign-in attempts with this address", body = Problem,
            content_type = "application/problem+json",
            headers(("retry-after" = u32, description = "Seconds to wait before the next attempt"))),
    ),
)]
pub(super) async fn issue_token(
    State(state): State<AppState>,
    Json(request): Json<TokenRequest>,
) -> Result<axum::Json<TokenResponse>, Error> {
    let response = match Grant::try_from(request)? {
        Grant::Password { email, password } => sign_in(&state, &email, password).await?,
        Grant::RefreshToken { refresh_token } => refresh(&state, &refresh_token).await?,
    };
    Ok(axum::Json(response))
}
