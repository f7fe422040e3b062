//! `/_simulator`: the ledger, faults and webhook delivery. These routes need no API key.

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::AppState,
    domain::ledger::{Entry, Summary},
    fault::Fault,
    limit::Limits,
    webhook::Delivery,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    order_id: Option<String>,
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

pub(super) async fn ledger(State(app): State<AppState>, Query(query): Query<LedgerQuery>) -> Json<Value> {
    let processor = app.processor();
    let entries = processor.books.ledger().iter().filter(|entry| entry.belongs_to(query.order_id.as_deref()));
    Json(json!({ "entries": entries.collect::<Vec<&Entry>>() }))
}

pub(super) async fn summary(State(app): State<AppState>, Query(query): Query<LedgerQuery>) -> Json<Summary> {
    Json(Summary::of(app.processor().books.ledger(), query.order_id.as_deref()))
}

pub(super) async fn faults(State(app): State<AppState>) -> Json<Value> {
    Json(json!({ "faults": app.processor().faults.pending() }))
}

pub(super) async fn add_fault(State(app): State<AppState>, Json(fault): Json<Fault>) -> (StatusCode, Json<Fault>) {
    app.processor().faults.add(fault.clone());
    (StatusCode::CREATED, Json(fault))
}

pub(super) async fn clear_faults(State(app): State<AppState>) -> StatusCode {
    app.processor().faults.clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn limits(State(app): State<AppState>) -> Json<Limits> {
    Json(app.processor().limits.clone())
}

pub(super) async fn set_limits(State(app): State<AppState>, Json(limits): Json<Limits>) -> Json<Limits> {
    app.processor().limits = limits.clone();
    Json(limits)
}

pub(super) async fn delivery(State(app): State<AppState>) -> Json<Delivery> {
    Json(app.webhooks.delivery())
}

pub(super) async fn set_delivery(State(app): State<AppState>, Json(delivery): Json<Delivery>) -> Json<Delivery> {
    app.webhooks.set_delivery(delivery);
    Json(delivery)
}
