//! Commands of an order's owner: executed once per idempotency key.

use axum::{http::StatusCode, response::Response};
use contracts::{OrderId, UserId};

use super::stored_response;
use crate::{
    AppState, clock,
    domain::{Input, decide},
    error::Error,
    saga,
    store::{
        idempotency::IdempotentRequest,
        retry_conflicts,
        transaction::{CartChange, Commit, Guard},
    },
};

/// Applies `command` to the order `id` of `user`, and returns the order with `status`.
///
/// A refusal is not stored under the idempotency key: it had no effect, so a retry may succeed. A command that changes
/// nothing returns the order as it is.
pub(super) async fn change(
    app: &AppState,
    user: UserId,
    id: OrderId,
    command: &Input,
    request: &IdempotentRequest,
    status: StatusCode,
) -> Result<Response, Error> {
    retry_conflicts(|| change_once(app, user, id, command, request, status)).await
}

async fn change_once(
    app: &AppState,
    user: UserId,
    id: OrderId,
    command: &Input,
    request: &IdempotentRequest,
    status: StatusCode,
) -> Result<Response, Error> {
    let now = clock::now();
    let order = app.store.order_of(user, id).await?.ok_or(Error::NotFound)?;
    // After reading the order, before deciding: an order that this request has already changed would refuse it. In the
    // reverse order of reads, a retry could miss the stored response and still meet the changed order.
    if let Some(stored) = app.store.stored_response(request, now).await? {
        return Ok(stored_response::replay(stored));
    }
    let Some(decision) = decide(&order, command, &app.rules, now)? else {
        return Ok(stored_response::respond(stored_response::of(status, &order)?));
    };
    let response = stored_response::of(status, &decision.order)?;
    match app.store.write(&decision, CartChange::Unchanged, Guard::Request(request, response.clone()), now).await? {
        Commit::Committed => {
            saga::committed(&decision, command.cause());
            Ok(stored_response::respond(response))
        }
        // A concurrent retry has committed: the next round returns its response.
        Commit::Duplicate => Err(Error::VersionConflict),
        Commit::InFlight => Err(Error::KeyInUse),
    }
}
