//! `DELETE /v1/users/me`: deletion of the caller's account.

use axum::{extract::State, http::StatusCode};
use contracts::{Envelope, EventId, Problem, UserId, http::Customer};

use super::{ATTEMPTS, retry::retry_conflicts};
use crate::{AppState, Error, clock};

/// Deletes the caller's account.
///
/// Its personal data are erased, by this service at once and by the others when they receive the event. All refresh
/// tokens are revoked, and the e-mail address can be registered again.
#[utoipa::path(
    delete, path = "/v1/users/me", tag = "accounts", security(("access_token" = ["customer"])),
    responses(
        (status = 204, description = "The account is deleted"),
        (status = 409, description = "Other requests are changing the account: retry", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete_me(State(state): State<AppState>, Customer(id): Customer) -> Result<StatusCode, Error> {
    retry_conflicts(ATTEMPTS, || delete_once(&state, id)).await?.ok_or(Error::RetriesExhausted)?;
    tracing::info!(user_id = %id, "account deleted");
    // Cleanup only: refresh tokens of a deleted account are not accepted, and their items expire after 30 days.
    state.store.revoke_families(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_once(state: &AppState, id: UserId) -> Result<Option<()>, Error> {
    let account = state.store.account(id).await?.ok_or(Error::AccountDeleted)?;
    let (version, event) = account.delete();
    let now = clock::now();
    let envelope = Envelope::new(EventId::generate(), id, version, now, event);
    let is_deleted = state.store.delete_account(&account, &envelope, now).await?;
    Ok(is_deleted.then_some(()))
}
