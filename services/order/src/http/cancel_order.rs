//! `POST /v1/orders/{id}/cancel`

use axum::{extract::State, http::StatusCode, response::Response};
use contracts::{
    OrderId, Problem,
    http::{Customer, IdempotencyKey, Path},
};

use super::{bodies::OrderBody, change_order::change, no_body::NoBody};
use crate::{AppState, domain::Input, error::Error, store::idempotency::IdempotentRequest};

/// Cancels an order that has not been shipped: releases its stock and voids its payment.
///
/// Cancelling a cancelled order returns it unchanged, whatever cancelled it. A rejected order cannot be cancelled.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/cancel",
    tag = "orders",
    security(("access_token" = ["customer"])),
    params(
        ("id" = OrderId, Path, description = "Id of the order"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]{1,255}$",
            description = "New random value for each cancellation, and the same value for each retry of it"),
    ),
    responses(
        (status = 200, description = "The cancelled order", body = OrderBody, headers(
            ("Idempotent-Replayed" = String, description = "`true` for the stored response to an earlier request"),
        )),
        (status = 404, description = "The customer has no such order",
            body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The order is rejected, or a request with the same key is in progress",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for a different request",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn cancel_order(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    _: NoBody,
) -> Result<Response, Error> {
    let request = IdempotentRequest::new(user, "cancel-order", &key, &id)?;
    change(&app, user, id, &Input::CancelRequested, &request, StatusCode::OK).await
}
