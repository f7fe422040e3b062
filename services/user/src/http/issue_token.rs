//! `POST /v1/auth/token`: credentials for tokens.

use axum::extract::State;
use contracts::{Problem, http::Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{refresh::refresh, sign_in::sign_in, token_response::TokenResponse};
use crate::{
    AppState, Error,
    domain::{EmailAddress, Password, RefreshToken},
};

/// What is offered for tokens: `email` and `password`, or a `refresh_token`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    /// Which of the two.
    grant_type: GrantType,
    /// With `password`: the account's address.
    #[schema(value_type = Option<String>, format = "email")]
    email: Option<EmailAddress>,
    /// With `password`: the account's password.
    #[schema(value_type = Option<String>, format = "password", max_length = 128)]
    password: Option<Password>,
    /// With `refresh_token`: the newest token of the sign-in. It is good for one use.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<RefreshToken>,
}

/// How somebody shows who they are.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    /// By address and password.
    Password,
    /// By the refresh token of an earlier answer.
    RefreshToken,
}

enum Grant {
    Password { email: EmailAddress, password: Password },
    RefreshToken(RefreshToken),
}

impl TryFrom<TokenRequest> for Grant {
    type Error = Error;

    /// One flat request type rather than a tagged one, whose errors would not name the field.
    fn try_from(request: TokenRequest) -> Result<Self, Error> {
        let missing = |field| Error::WrongField { field, detail: "is required for this grant_type" };
        let surplus = |field| Err(Error::WrongField { field, detail: "does not go with this grant_type" });
        let TokenRequest { grant_type, email, password, refresh_token } = request;
        match grant_type {
            GrantType::Password if refresh_token.is_some() => surplus("refresh_token"),
            GrantType::Password => Ok(Self::Password {
                email: email.ok_or_else(|| missing("email"))?,
                password: password.ok_or_else(|| missing("password"))?,
            }),
            GrantType::RefreshToken if email.is_some() => surplus("email"),
            GrantType::RefreshToken if password.is_some() => surplus("password"),
            GrantType::RefreshToken => Ok(Self::RefreshToken(refresh_token.ok_or_else(|| missing("refresh_token"))?)),
        }
    }
}

/// Gives tokens for credentials.
///
/// A wrong password, an unknown address and a refresh token that is not good any more all get the same answer.
/// After five attempts on an address, the next ones have to wait, twice as long each time.
#[utoipa::path(
    post, path = "/v1/auth/token", tag = "tokens",
    responses(
        (status = 200, description = "Tokens", body = TokenResponse),
        (status = 400, description = "A field is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The credentials are not valid", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json",
            headers(("retry-after" = u32, description = "Seconds to wait"))),
    ),
)]
pub(super) async fn issue_token(
    State(state): State<AppState>,
    Json(request): Json<TokenRequest>,
) -> Result<axum::Json<TokenResponse>, Error> {
    let response = match Grant::try_from(request)? {
        Grant::Password { email, password } => sign_in(&state, &email, password).await?,
        Grant::RefreshToken(token) => refresh(&state, &token).await?,
    };
    Ok(axum::Json(response))
}
