//! `/v1/refunds`

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    list::page,
    request::{ApiRequest, read, write},
};
use crate::{
    app::AppState,
    domain::{
        command::{self, Command},
        error::{ApiError, ApiResponse},
        refund::Refund,
    },
    fault::Operation,
};

pub(super) async fn create(State(app): State<AppState>, request: ApiRequest) -> Response {
    let command = command::Refund::parse(&request.params).map(Command::Refund);
    write(app, request, Operation::Refund, command).await
}

pub(super) async fn retrieve(State(app): State<AppState>, Path(id): Path<String>, request: ApiRequest) -> Response {
    read(app, request, Operation::RetrieveRefund, None, |books, params| {
        params.only(&[])?;
        let refund = books.refunds().iter().find(|refund| refund.id == id);
        refund.map(|refund| ApiResponse::ok(refund.to_json())).ok_or_else(|| ApiError::missing("refund", &id))
    })
    .await
}

pub(super) async fn list(State(app): State<AppState>, request: ApiRequest) -> Response {
    read(app, request, Operation::ListRefunds, None, |books, params| {
        params.only(&["limit", "payment_intent", "starting_after"])?;
        let intent = params.text("payment_intent")?;
        let refunds = books.refunds().iter().filter(|refund| intent.is_none_or(|id| refund.payment_intent == id));
        page(refunds.rev(), |refund| &refund.id, params, "/v1/refunds", Refund::to_json)
    })
    .await
}
