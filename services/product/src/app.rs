//! State shared by all handlers.

use axum::extract::FromRef;
use chrono::TimeDelta;
use contracts::http::Tokens;
use sqlx::PgPool;

use crate::events::publisher::Notifier;

/// Handles of everything that a handler works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The database.
    pub pool: PgPool,
    /// Lifetime of a reservation that is not confirmed.
    pub reservation_ttl: TimeDelta,
    /// Wakes the publisher after a commit of events.
    pub notifier: Notifier,
    /// The verifier of access tokens.
    pub tokens: Tokens,
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}
