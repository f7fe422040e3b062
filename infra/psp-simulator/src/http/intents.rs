//! `/v1/payment_intents`

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    App,
    call::{Call, change, read},
};
use crate::{
    domain::{
        command::{Cancel, Capture, Command, Confirm, Create},
        error::{Answer, ApiError},
        intent::Intent,
        params::Params,
    },
    fault::Operation,
};

pub async fn create(State(app): State<App>, call: Call) -> Response {
    let command = Create::parse(&call.params).map(Command::Create);
    change(app, call, Operation::Create, command).await
}

pub async fn confirm(State(app): State<App>, Path(id): Path<String>, call: Call) -> Response {
    let command = Confirm::parse(id, &call.params).map(Command::Confirm);
    change(app, call, Operation::Confirm, command).await
}

pub async fn capture(State(app): State<App>, Path(id): Path<String>, call: Call) -> Response {
    let command = Capture::parse(id, &call.params).map(Command::Capture);
    change(app, call, Operation::Capture, command).await
}

pub async fn cancel(State(app): State<App>, Path(id): Path<String>, call: Call) -> Response {
    let command = Cancel::parse(id, &call.params).map(Command::Cancel);
    change(app, call, Operation::Cancel, command).await
}

pub async fn retrieve(State(app): State<App>, Path(id): Path<String>, call: Call) -> Response {
    let order_id = app.state().books.intent(&id).and_then(|intent| intent.metadata.get("order_id").cloned());
    read(app, call, Operation::Retrieve, order_id, |books, params| {
        params.only(&[])?;
        let intent = books.intent(&id).ok_or_else(|| ApiError::missing("payment_intent", &id))?;
        Ok(Answer::ok(intent.to_json()))
    })
    .await
}

pub async fn list(State(app): State<App>, call: Call) -> Response {
    read(app, call, Operation::List, None, |books, params| {
        params.only(&["limit", "starting_after"])?;
        let newest_first = books.intents().iter().rev().map(|intent| (intent.id.as_str(), intent));
        page(newest_first, params, "/v1/payment_intents", Intent::to_json)
    })
    .await
}

/// Stripe's search lags behind by up to a minute; this one does not. `query` is metadata clauses joined by `AND`.
pub async fn search(State(app): State<App>, call: Call) -> Response {
    let query = call.params.required("query").and_then(clauses);
    let order_id = query.as_ref().ok().and_then(|clauses| clauses.iter().find(|(key, _)| key == "order_id").cloned());
    read(app, call, Operation::Search, order_id.map(|(_, value)| value), |books, params| {
        params.only(&["limit", "query"])?;
        let clauses = query?;
        let matches = |intent: &&Intent| clauses.iter().all(|(key, value)| intent.metadata.get(key) == Some(value));
        let limit = limit(params)?;
        let found: Vec<Value> = books.intents().iter().rev().filter(matches).map(Intent::to_json).collect();
        let more = found.len() > limit;
        let data: Vec<Value> = found.into_iter().take(limit).collect();
        let url = "/v1/payment_intents/search";
        Ok(Answer::ok(
            json!({ "object": "search_result", "url": url, "has_more": more, "next_page": null, "data": data }),
        ))
    })
    .await
}

/// Reads `metadata['order_id']:'ord_1' AND metadata["attempt"]:"2"`.
fn clauses(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let unquote = |text: &str| {
        let quoted = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
        quoted('\'').or_else(|| quoted('"')).map(str::to_owned)
    };
    let clause = |text: &str| {
        let (key, value) = text.trim().strip_prefix("metadata[")?.split_once("]:")?;
        Some((unquote(key)?, unquote(value)?))
    };
    let read: Option<Vec<_>> = query.split(" AND ").map(clause).collect();
    read.ok_or_else(|| ApiError::invalid("We were unable to parse your search query.").param("query"))
}

/// One page of a list that is ordered newest first.
pub fn page<'a, T: 'a>(
    newest_first: impl Iterator<Item = (&'a str, &'a T)>,
    params: &Params,
    url: &str,
    to_json: impl Fn(&T) -> Value,
) -> Result<Answer, ApiError> {
    let limit = limit(params)?;
    let mut rest = newest_first.peekable();
    if let Some(after) = params.text("starting_after")?
        && !rest.any(|(id, _)| id == after)
    {
        return Err(ApiError::missing_param("object", after, "starting_after"));
    }
    let data: Vec<Value> = rest.by_ref().take(limit).map(|(_, item)| to_json(item)).collect();
    let more = rest.peek().is_some();
    Ok(Answer::ok(json!({ "object": "list", "url": url, "has_more": more, "data": data })))
}

fn limit(params: &Params) -> Result<usize, ApiError> {
    match params.integer("limit")?.unwrap_or(10) {
        limit @ 1..=100 => Ok(limit as usize),
        _ => Err(ApiError::invalid("This value must be between 1 and 100.")
            .code("parameter_invalid_integer")
            .param("limit")),
    }
}
