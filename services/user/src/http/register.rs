//! `POST /v1/users`: somebody opens an account.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId, Problem, UserId, http::Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AppState, Error, clock,
    domain::{Account, DisplayName, EmailAddress, Locale, NewPassword},
    store::{Created, Store},
};

/// Who wants an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    /// The address to sign in with and to be reached at.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: EmailAddress,
    /// 8 to 128 characters; refused if it is one that attackers try first.
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
    password: NewPassword,
    /// What to be called.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: DisplayName,
    /// The language of messages, as a BCP 47 tag; English if it is left out.
    #[schema(value_type = String, examples("de-AT"))]
    #[serde(default)]
    locale: Locale,
}

/// The wish was heard. Whether the address had an account already is only told by mail to that address.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Always `accepted`.
    #[schema(value_type = String, examples("accepted"))]
    status: &'static str,
}

/// Opens an account.
///
/// The answer is the same, and takes the same time, whether or not the address has an account already.
#[utoipa::path(
    post, path = "/v1/users", tag = "accounts",
    responses(
        (status = 202, description = "Heard", body = Accepted),
        (status = 400, description = "A field is not valid", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn register(
    State(state): State<AppState>,
    Json(registration): Json<Registration>,
) -> Result<(StatusCode, axum::Json<Accepted>), Error> {
    let Registration { email, password, name, locale } = registration;
    let known = state.store.account_by_email(&email).await?;
    // Also for a known address, whose hash nobody needs: two reads, one hash and one transaction either way.
    let password_hash = state.passwords.hash(password.into_password()).await?;
    let now = clock::now();
    match known {
        Some(account) => tell_owner(&state.store, &account, now).await?,
        None => {
            let (account, event) = Account::register(UserId::generate(), email, name, locale, password_hash, now);
            let envelope = Envelope::new(EventId::generate(), account.id, account.version, now, event);
            match state.store.create_account(&account, &envelope, now).await? {
                Created::Yes => tracing::info!(user_id = %account.id, "an account was opened"),
                // The same moment's other request opened it: its owner is being welcomed, and needs no warning.
                Created::AddressTaken => {}
            }
        }
    }
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { status: "accepted" })))
}

async fn tell_owner(store: &Store, account: &Account, now: DateTime<Utc>) -> Result<(), Error> {
    let event = account.registration_repeated();
    let envelope = Envelope::new(EventId::generate(), account.id, account.version, now, event);
    if store.notice_registration(account.id, &envelope, now).await? {
        tracing::info!(user_id = %account.id, "a registration was repeated");
    }
    Ok(())
}
