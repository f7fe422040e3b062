//! State shared by all handlers.

use axum::extract::FromRef;
use chrono::TimeDelta;
use contracts::http::Tokens;
use sqlx::PgPool;

use crate::events::publisher::Notifier;

/// Dependencies of the handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) pool: PgPool,
    /// Lifetime of an unconfirmed reservation.
    pub(crate) reservation_ttl: TimeDelta,
    /// Notifies the publisher after a commit of events.
    pub(crate) notifier: Notifier,
    pub(crate) tokens: Tokens,
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}
