//! State shared by all handlers.

use axum::extract::FromRef;
use contracts::http::Tokens;

use crate::{domain::Rules, reminders::Reminders, store::Store};

/// Handles of everything that a handler works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The table.
    pub store: Store,
    /// Deadlines of orders.
    pub rules: Rules,
    /// Reminders of these deadlines.
    pub reminders: Reminders,
    /// The verifier of access tokens.
    pub tokens: Tokens,
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}
