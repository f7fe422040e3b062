//! `PATCH /v1/users/me`: change of name and language.

use axum::extract::State;
use contracts::{
    Envelope, EventId, Problem, UserId,
    http::{Customer, Json},
};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::{ATTEMPTS, get_me::Profile, retry::retry_conflicts};
use crate::{
    AppState, Error, clock,
    domain::{Account, DisplayName, Locale, ProfileChange},
};

/// Changes to the profile. An absent field stays unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfilePatch {
    /// New display name.
    #[schema(value_type = DisplayName, required = false)]
    #[serde(default, deserialize_with = "present")]
    name: Option<DisplayName>,
    /// New language of messages.
    #[schema(value_type = Locale, required = false)]
    #[serde(default, deserialize_with = "present")]
    locale: Option<Locale>,
}

/// Rejects `null`, because neither field can be removed.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes name and language of the caller's account.
#[utoipa::path(
    patch, path = "/v1/users/me", tag = "accounts", security(("access_token" = ["customer"])),
    responses(
        (status = 200, description = "The account after the change", body = Profile),
        (status = 409, description = "Other requests are changing the account: retry", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn update_me(
    State(state): State<AppState>,
    Customer(id): Customer,
    Json(ProfilePatch { name, locale }): Json<ProfilePatch>,
) -> Result<axum::Json<Profile>, Error> {
    let change = ProfileChange { name, locale };
    let account = retry_conflicts(ATTEMPTS, || update_once(&state, id, &change)).await?;
    Ok(axum::Json(account.ok_or(Error::RetriesExhausted)?.into()))
}

async fn update_once(state: &AppState, id: UserId, change: &ProfileChange) -> Result<Option<Account>, Error> {
    let account = state.store.account(id).await?.ok_or(Error::AccountDeleted)?;
    let Some((updated, event)) = account.update(change.clone()) else { return Ok(Some(account)) };
    let now = clock::now();
    let envelope = Envelope::new(EventId::generate(), id, updated.version, now, event);
    let is_updated = state.store.update_account(&updated, Some(&envelope), now).await?;
    Ok(is_updated.then_some(updated))
}
