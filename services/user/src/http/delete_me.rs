//! `DELETE /v1/users/me`: somebody closes their account.

use axum::{extract::State, http::StatusCode};
use contracts::{Envelope, EventId, Problem, http::Customer};

use crate::{AppState, Error, clock};

/// How often a deletion is decided again on an account that changed meanwhile.
const TRIES: u32 = 3;

/// Deletes the caller's own account.
///
/// Its personal data are erased, here and by every service that hears of it, all its sign-ins end, and its address is
/// free again.
#[utoipa::path(
    delete, path = "/v1/users/me", tag = "accounts", security(("access_token" = ["customer"])),
    responses(
        (status = 204, description = "The account is gone"),
        (status = 401, description = "No valid token, or the account is gone", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The scope `customer` is missing", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The account is being changed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete_me(State(state): State<AppState>, Customer(id): Customer) -> Result<StatusCode, Error> {
    for _ in 0..TRIES {
        let account = state.store.account(id).await?.ok_or(Error::AccountGone)?;
        let (version, event) = account.delete();
        let now = clock::now();
        let envelope = Envelope::new(EventId::generate(), id, version, now, event);
        if state.store.delete_account(&account, &envelope, now).await? {
            tracing::info!(user_id = %id, "an account was deleted");
            // Tidying: a sign-in whose account is gone is worth nothing, and would go by itself after 30 days.
            state.store.end_families(id).await?;
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(Error::Contended)
}
