//! `/v1/payment_intents`

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    list::{clauses, limit, page},
    request::{ApiRequest, read, write},
};
use crate::{
    app::AppState,
    domain::{
        command::{Command, Create},
        error::{ApiError, ApiResponse},
        intent::Intent,
    },
    fault::Operation,
};

pub(super) async fn create(State(app): State<AppState>, request: ApiRequest) -> Response {
    let command = Create::parse(&request.params).map(Command::Create);
    write(app, request, Operation::Create, command).await
}

pub(super) async fn confirm(State(app): State<AppState>, Path(id): Path<String>, request: ApiRequest) -> Response {
    let command = Command::confirm(id, &request.params);
    write(app, request, Operation::Confirm, command).await
}

pub(super) async fn capture(State(app): State<AppState>, Path(id): Path<String>, request: ApiRequest) -> Response {
    let command = Command::capture(id, &request.params);
    write(app, request, Operation::Capture, command).await
}

pub(super) async fn cancel(State(app): State<AppState>, Path(id): Path<String>, request: ApiRequest) -> Response {
    let command = Command::cancel(id, &request.params);
    write(app, request, Operation::Cancel, command).await
}

pub(super) async fn retrieve(State(app): State<AppState>, Path(id): Path<String>, request: ApiRequest) -> Response {
    let order_id = app.processor().books.order_id(&id);
    read(app, request, Operation::Retrieve, order_id, |books, params| {
        params.only(&[])?;
        let intent = books.intent(&id).ok_or_else(|| ApiError::missing("payment_intent", &id))?;
        let mut response = ApiResponse::ok(intent.to_json());
        if params.expands_charge() {
            intent.expand_charge(&mut response.body);
        }
        Ok(response)
    })
    .await
}

pub(super) async fn list(State(app): State<AppState>, request: ApiRequest) -> Response {
    read(app, request, Operation::List, None, |books, params| {
        params.only(&["limit", "starting_after"])?;
        let newest_first = books.intents().iter().rev();
        page(newest_first, |intent| &intent.id, params, "/v1/payment_intents", Intent::to_json)
    })
    .await
}

/// Finds intents by metadata. Stripe's search index lags by up to a minute. This search does not.
pub(super) async fn search(State(app): State<AppState>, request: ApiRequest) -> Response {
    let clauses = request.params.required("query").and_then(clauses);
    let order_id = clauses.iter().flatten().find(|(key, _)| key == "order_id").map(|(_, value)| value.clone());
    read(app, request, Operation::Search, order_id, |books, params| {
        params.only(&["limit", "query"])?;
        let clauses = clauses?;
        let matches = |intent: &&Intent| clauses.iter().all(|(key, value)| intent.metadata.get(key) == Some(value));
        let limit = limit(params)?;
        let found: Vec<&Intent> = books.intents().iter().rev().filter(matches).collect();
        let data: Vec<Value> = found.iter().take(limit).map(|intent| intent.to_json()).collect();
        Ok(ApiResponse::ok(json!({
            "object": "search_result",
            "url": "/v1/payment_intents/search",
            "has_more": found.len() > limit,
            "next_page": null,
            "data": data,
        })))
    })
    .await
}
