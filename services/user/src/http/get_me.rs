//! `GET /v1/users/me`: what an account says of its owner.

use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::{Problem, UserId, auth::Scope, http::Customer};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{AppState, Error, domain::Account};

/// An account, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Profile {
    /// Names the account.
    id: UserId,
    /// The address as it was typed.
    #[schema(format = "email")]
    email: String,
    /// What to be called.
    name: String,
    /// The language of messages, as a BCP 47 tag.
    locale: String,
    /// What its tokens allow.
    scopes: Vec<Scope>,
    /// When the account was opened.
    created_at: DateTime<Utc>,
}

impl From<Account> for Profile {
    fn from(account: Account) -> Self {
        let Account { id, email, name, locale, scopes, password_hash: _, created_at, version: _ } = account;
        Self {
            id,
            email: email.as_typed().to_owned(),
            name: name.into(),
            locale: locale.into(),
            scopes: scopes.into_iter().collect(),
            created_at,
        }
    }
}

/// The caller's own account.
#[utoipa::path(
    get, path = "/v1/users/me", tag = "accounts", security(("access_token" = ["customer"])),
    responses(
        (status = 200, description = "The account", body = Profile),
        (status = 401, description = "No valid token, or the account is gone", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The scope `customer` is missing", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get_me(
    State(state): State<AppState>,
    Customer(id): Customer,
) -> Result<axum::Json<Profile>, Error> {
    let account = state.store.account(id).await?.ok_or(Error::AccountGone)?;
    Ok(axum::Json(account.into()))
}
