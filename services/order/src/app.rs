//! State shared by all handlers.

use axum::extract::FromRef;
use contracts::http::Tokens;

use crate::{admission::Admission, domain::Rules, store::Store};

/// Dependencies of all handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Table.
    pub store: Store,
    /// Deadlines of orders.
    pub rules: Rules,
    /// Admission of new orders.
    pub admission: Admission,
    /// Verifier of access tokens.
    pub tokens: Tokens,
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}
