//! Routes: Stripe's API, and the simulator's own control API below `/_simulator`.

mod control;
mod intents;
mod list;
mod refunds;
mod request;

use axum::{
    Router,
    routing::{get, post},
};

use crate::app::AppState;

pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route("/v1/payment_intents", post(intents::create).get(intents::list))
        .route("/v1/payment_intents/search", get(intents::search))
        .route("/v1/payment_intents/{id}", get(intents::retrieve))
        .route("/v1/payment_intents/{id}/confirm", post(intents::confirm))
        .route("/v1/payment_intents/{id}/capture", post(intents::capture))
        .route("/v1/payment_intents/{id}/cancel", post(intents::cancel))
        .route("/v1/refunds", post(refunds::create).get(refunds::list))
        .route("/v1/refunds/{id}", get(refunds::retrieve))
        .route("/_simulator/health", get(control::health))
        .route("/_simulator/ledger", get(control::ledger))
        .route("/_simulator/ledger/summary", get(control::summary))
        .route("/_simulator/faults", get(control::faults).post(control::add_fault).delete(control::clear_faults))
        .route("/_simulator/limits", get(control::limits).put(control::set_limits))
        .route("/_simulator/webhooks", get(control::delivery).post(control::set_delivery))
        .fallback(request::unrecognized)
        .method_not_allowed_fallback(request::unrecognized)
        .with_state(state)
}
