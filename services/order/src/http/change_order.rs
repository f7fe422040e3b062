//! What all wishes of an order's owner have in common: once, for the owner only, and decided by the order.

use axum::{http::StatusCode, response::Response};
use backon::Retryable;
use contracts::{OrderId, UserId};

use super::stored_response;
use crate::{
    AppState, clock,
    domain::{Input, decide},
    error::Error,
    saga,
    store::{
        conflict_backoff,
        idempotency::RepeatableRequest,
        transaction::{Commit, Guard},
    },
};

/// Lets the order `id` of `user` decide about `wish`, and answers with the order and `status`.
///
/// A refusal is not kept: it had no effect, and the same request may be carried out later. A wish that changes nothing
/// is answered with the order as it is.
pub(super) async fn change(
    app: &AppState,
    user: UserId,
    id: OrderId,
    wish: &Input,
    request: &RepeatableRequest,
    status: StatusCode,
) -> Result<Response, Error> {
    (|| change_once(app, user, id, wish, request, status)).retry(conflict_backoff()).when(Error::is_conflict).await
}

async fn change_once(
    app: &AppState,
    user: UserId,
    id: OrderId,
    wish: &Input,
    request: &RepeatableRequest,
    status: StatusCode,
) -> Result<Response, Error> {
    let now = clock::now();
    let order = app.store.order_of(user, id).await?.ok_or(Error::NotFound)?;
    // Between reading the order and asking it: an order that this very request has changed would refuse what it has
    // already done. Read the other way round, a repetition could miss the answer and still meet the changed order.
    if let Some(answer) = app.store.answer_to(request, now).await? {
        return Ok(stored_response::again(answer));
    }
    let Some(decision) = decide(&order, wish, &app.rules, now)? else {
        return Ok(stored_response::first(stored_response::of(status, &order)?));
    };
    let answer = stored_response::of(status, &decision.order)?;
    match app.store.change(&decision, Guard::Request(request, answer.clone()), now).await? {
        Commit::Done => {
            saga::committed(app, Some(&order), &decision);
            Ok(stored_response::first(answer))
        }
        // A repetition was faster: the next round finds its answer.
        Commit::Repeated => Err(Error::VersionConflict),
        Commit::InFlight => Err(Error::KeyInUse),
    }
}
