//! `GET /v1/users/me`: the caller's account.

use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::{UserId, auth::Scope, http::Customer};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{AppState, Error, domain::Account};

/// Account, as shown to its owner.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Profile {
    /// Id of the account.
    id: UserId,
    /// E-mail address as typed at registration.
    #[schema(format = "email")]
    email: String,
    /// Display name.
    name: String,
    /// Language of messages: a BCP 47 tag.
    locale: String,
    /// Scopes of the account's access tokens.
    scopes: Vec<Scope>,
    /// Time of registration.
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

/// Returns the caller's account.
#[utoipa::path(
    get, path = "/v1/users/me", tag = "accounts", security(("access_token" = ["customer"])),
    responses(
        (status = 200, description = "The account", body = Profile),
    ),
)]
pub(super) async fn get_me(
    State(state): State<AppState>,
    Customer(id): Customer,
) -> Result<axum::Json<Profile>, Error> {
    let account = state.store.account(id).await?.ok_or(Error::AccountDeleted)?;
    Ok(axum::Json(account.into()))
}
