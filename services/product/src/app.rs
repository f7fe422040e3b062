//! State shared by all handlers.

use axum::extract::FromRef;
use contracts::http::Tokens;

use crate::{domain::reservation::Terms, events::publisher::Notifier, liveness::Liveness, store::Database};

/// Dependencies of the handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    /// Connections of requests.
    pub(crate) requests: Database,
    /// Connections of messages and tasks.
    pub(crate) tasks: Database,
    /// Times of reservations.
    pub(crate) terms: Terms,
    /// Notifies the publisher after a commit of events.
    pub(crate) notifier: Notifier,
    pub(crate) tokens: Tokens,
    pub(crate) liveness: Liveness,
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}
