//! State shared by all handlers.

use axum::extract::FromRef;
use contracts::http::Tokens;

use crate::{admission::Admission, domain::Rules, liveness::Liveness, store::Store};

/// Dependencies of all handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Table.
    pub store: Store,
    /// Deadlines of orders.
    pub rules: Rules,
    /// Verifier of access tokens.
    pub tokens: Tokens,
    /// Admission of new orders.
    pub(crate) admission: Admission,
    /// Progress of the loops.
    pub(crate) liveness: Liveness,
}

impl AppState {
    /// Returns the state of a process that starts.
    pub fn new(store: Store, rules: Rules, tokens: Tokens) -> Self {
        Self { store, rules, tokens, admission: Admission::default(), liveness: Liveness::default() }
    }
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}
