//! `POST /v1/users`: registration.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use contracts::{Envelope, EventId, Problem, UserId, http::Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AppState, Error, clock,
    domain::{Account, DisplayName, EmailAddress, Locale, NewPassword},
    store::{Creation, Store},
};

/// Registration of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    /// Address for sign-in and for messages.
    email: EmailAddress,
    /// Password of 8 to 128 characters, not one of the common ones.
    password: NewPassword,
    /// Display name.
    name: DisplayName,
    /// Language of messages; `en` if absent.
    #[schema(required = false)]
    #[serde(default)]
    locale: Locale,
}

/// Receipt of a registration. Whether the address already had an account is disclosed only by a mail to that address.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Always `accepted`.
    #[schema(value_type = String, pattern = "^accepted$", examples("accepted"))]
    status: &'static str,
}

/// Creates an account.
///
/// Response and response time are the same whether or not the address already has an account.
#[utoipa::path(
    post, path = "/v1/users", tag = "accounts",
    responses(
        (status = 202, description = "The registration is accepted", body = Accepted),
        (status = 422, description = "The password is one of those that attackers try first", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn register(
    State(state): State<AppState>,
    Json(registration): Json<Registration>,
) -> Result<(StatusCode, axum::Json<Accepted>), Error> {
    let Registration { email, password, name, locale } = registration;
    let password = password.into_uncommon()?;
    let existing = state.store.account_by_email(&email).await?;
    // Hashed for an existing account as well, to take the same time: two reads, one hash and one transaction either
    // way.
    let password_hash = state.passwords.hash(password).await?;
    let now = clock::now();
    match existing {
        Some(account) => notify_owner(&state.store, &account, now).await?,
        None => {
            let (account, event) = Account::register(UserId::generate(), email, name, locale, password_hash, now);
            let envelope = Envelope::new(EventId::generate(), account.id, account.version, now, event);
            match state.store.create_account(&account, &envelope, now).await? {
                Creation::Done => tracing::info!(user_id = %account.id, "account created"),
                // A concurrent request registered the address. Its owner gets a welcome mail and needs no notice.
                Creation::AddressTaken => {}
            }
        }
    }
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { status: "accepted" })))
}

async fn notify_owner(store: &Store, account: &Account, now: DateTime<Utc>) -> Result<(), Error> {
    let event = account.registration_repeated();
    let envelope = Envelope::new(EventId::generate(), account.id, account.version, now, event);
    if store.put_registration_notice(account.id, &envelope, now).await? {
        tracing::info!(user_id = %account.id, "registration repeated");
    }
    Ok(())
}
