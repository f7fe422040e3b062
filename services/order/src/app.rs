//! State shared by all handlers.

use axum::extract::FromRef;
use contracts::http::Tokens;

use crate::{domain::Rules, reminders::Reminders, store::Store};

/// Dependencies of all handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Table.
    pub store: Store,
    /// Deadlines of orders.
    pub rules: Rules,
    /// Reminders of deadlines.
    pub reminders: Reminders,
    /// Verifier of access tokens.
    pub tokens: Tokens,
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}
