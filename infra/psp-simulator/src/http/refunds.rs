//! `/v1/refunds`

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    App,
    call::{Call, change, read},
    intents::page,
};
use crate::{
    domain::{
        command::{self, Command},
        error::{Answer, ApiError},
        refund::Refund,
    },
    fault::Operation,
};

pub async fn create(State(app): State<App>, call: Call) -> Response {
    let command = command::Refund::parse(&call.params).map(Command::Refund);
    change(app, call, Operation::Refund, command).await
}

pub async fn retrieve(State(app): State<App>, Path(id): Path<String>, call: Call) -> Response {
    read(app, call, Operation::RetrieveRefund, None, |books, params| {
        params.only(&[])?;
        let refund = books.refunds().iter().find(|refund| refund.id == id);
        refund.map(|refund| Answer::ok(refund.to_json())).ok_or_else(|| ApiError::missing("refund", &id))
    })
    .await
}

pub async fn list(State(app): State<App>, call: Call) -> Response {
    read(app, call, Operation::ListRefunds, None, |books, params| {
        params.only(&["limit", "payment_intent", "starting_after"])?;
        let intent = params.text("payment_intent")?;
        let wanted = books.refunds().iter().filter(|refund| intent.is_none_or(|id| refund.payment_intent == id));
        let newest_first = wanted.rev().map(|refund| (refund.id.as_str(), refund));
        page(newest_first, params, "/v1/refunds", Refund::to_json)
    })
    .await
}
