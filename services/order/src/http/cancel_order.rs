//! `POST /v1/orders/{id}/cancel`

use axum::{extract::State, http::StatusCode, response::Response};
use contracts::{
    OrderId, Problem,
    http::{Customer, IdempotencyKey, Path},
};

use super::{bodies::OrderBody, change_order::change, no_body::NoBody};
use crate::{AppState, domain::Input, error::Error, store::idempotency::RepeatableRequest};

/// Cancels an order that has not been shipped: its stock is released, and its payment undone.
///
/// An order that is cancelled already, for whatever reason, is what the caller wishes: the answer shows it, and nothing
/// changes. A rejected order never came to be, and cannot be cancelled.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/cancel",
    tag = "orders",
    params(
        ("id" = OrderId, Path, description = "Which"),
        ("Idempotency-Key" = String, Header, description = "A new random value for each wish; the same for each repetition"),
    ),
    responses(
        (status = 200, description = "The cancelled order", body = OrderBody),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn cancel_order(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    _: NoBody,
) -> Result<Response, Error> {
    let request = RepeatableRequest::new(user, "cancel-order", &key, &id)?;
    change(&app, user, id, &Input::CancelRequested, &request, StatusCode::OK).await
}
