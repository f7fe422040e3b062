//! `PATCH /v1/users/me`: somebody changes their name or language.

use axum::extract::State;
use contracts::{
    Envelope, EventId, Problem,
    http::{Customer, Json},
};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::get_me::Profile;
use crate::{
    AppState, Error, clock,
    domain::{DisplayName, Locale, ProfileChange},
};

/// How often a change is decided again on an account that changed meanwhile.
const TRIES: u32 = 3;

/// What is to change. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfilePatch {
    /// What to be called.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    #[serde(default, deserialize_with = "present")]
    name: Option<DisplayName>,
    /// The language of messages, as a BCP 47 tag.
    #[schema(value_type = String, required = false, examples("de-AT"))]
    #[serde(default, deserialize_with = "present")]
    locale: Option<Locale>,
}

/// Neither field can be removed: `null` is an error, not an absent field.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes the caller's own account.
#[utoipa::path(
    patch, path = "/v1/users/me", tag = "accounts", security(("access_token" = ["customer"])),
    responses(
        (status = 200, description = "The account as it is now", body = Profile),
        (status = 400, description = "A field is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token, or the account is gone", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The scope `customer` is missing", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The account is being changed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn update_me(
    State(state): State<AppState>,
    Customer(id): Customer,
    Json(ProfilePatch { name, locale }): Json<ProfilePatch>,
) -> Result<axum::Json<Profile>, Error> {
    for _ in 0..TRIES {
        let account = state.store.account(id).await?.ok_or(Error::AccountGone)?;
        let change = ProfileChange { name: name.clone(), locale: locale.clone() };
        let Some((updated, event)) = account.update(change) else { return Ok(axum::Json(account.into())) };
        let now = clock::now();
        let envelope = Envelope::new(EventId::generate(), id, updated.version, now, event);
        if state.store.update_account(&updated, Some(&envelope), now).await? {
            return Ok(axum::Json(updated.into()));
        }
    }
    Err(Error::Contended)
}
