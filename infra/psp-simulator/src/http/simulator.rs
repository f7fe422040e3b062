//! `/_simulator`: the ledger, faults and webhook delivery, for whoever tests with the simulator. No key is asked for.

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use crate::{
    domain::ledger::{Entry, Summary},
    fault::Fault,
    webhook::Delivery,
};

/// Which part of the ledger.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    order_id: Option<String>,
}

pub async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

pub async fn ledger(State(app): State<App>, Query(part): Query<Part>) -> Json<Value> {
    let state = app.state();
    let entries = state.books.ledger().iter().filter(|entry| entry.is_of(part.order_id.as_deref()));
    Json(json!({ "entries": entries.collect::<Vec<&Entry>>() }))
}

pub async fn summary(State(app): State<App>, Query(part): Query<Part>) -> Json<Summary> {
    Json(Summary::of(app.state().books.ledger(), part.order_id.as_deref()))
}

pub async fn faults(State(app): State<App>) -> Json<Value> {
    Json(json!({ "faults": app.state().faults.waiting() }))
}

pub async fn add_fault(State(app): State<App>, Json(fault): Json<Fault>) -> (StatusCode, Json<Fault>) {
    app.state().faults.add(fault.clone());
    (StatusCode::CREATED, Json(fault))
}

pub async fn clear_faults(State(app): State<App>) -> StatusCode {
    app.state().faults.clear();
    StatusCode::NO_CONTENT
}

pub async fn delivery(State(app): State<App>) -> Json<Delivery> {
    Json(app.outbox.delivery())
}

pub async fn set_delivery(State(app): State<App>, Json(delivery): Json<Delivery>) -> Json<Delivery> {
    app.outbox.deliver(delivery);
    Json(delivery)
}
