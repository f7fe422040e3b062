//! Every route, and what they share.

mod call;
mod intents;
mod line;
mod refunds;
mod simulator;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    extract::connect_info::IntoMakeServiceWithConnectInfo,
    routing::{get, post},
};

use crate::{state::State, webhook::Outbox};

pub use line::{Cut, Lines};

/// What every handler has.
#[derive(Debug, Clone)]
pub struct App {
    state: Arc<Mutex<State>>,
    secret_key: Arc<str>,
    outbox: Outbox,
}

impl App {
    /// Over a state that was opened before.
    pub fn new(state: State, secret_key: String, outbox: Outbox) -> Self {
        Self { state: Arc::new(Mutex::new(state)), secret_key: secret_key.into(), outbox }
    }

    /// The state, for a moment: never across a wait.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stripe's routes, and below `/_simulator` those of whoever tests with it.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/v1/payment_intents", post(intents::create).get(intents::list))
        .route("/v1/payment_intents/search", get(intents::search))
        .route("/v1/payment_intents/{id}", get(intents::retrieve))
        .route("/v1/payment_intents/{id}/confirm", post(intents::confirm))
        .route("/v1/payment_intents/{id}/capture", post(intents::capture))
        .route("/v1/payment_intents/{id}/cancel", post(intents::cancel))
        .route("/v1/refunds", post(refunds::create).get(refunds::list))
        .route("/v1/refunds/{id}", get(refunds::retrieve))
        .route("/_simulator/health", get(simulator::health))
        .route("/_simulator/ledger", get(simulator::ledger))
        .route("/_simulator/ledger/summary", get(simulator::summary))
        .route("/_simulator/faults", get(simulator::faults).post(simulator::add_fault).delete(simulator::clear_faults))
        .route("/_simulator/webhooks", get(simulator::delivery).post(simulator::set_delivery))
        .fallback(call::unrecognized)
        .method_not_allowed_fallback(call::unrecognized)
        .with_state(app)
}

/// The routes, with the connection of each request at hand.
pub fn service(router: Router) -> IntoMakeServiceWithConnectInfo<Router, Cut> {
    router.into_make_service_with_connect_info()
}
