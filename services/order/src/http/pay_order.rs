//! `POST /v1/orders/{id}/payment`

use axum::{extract::State, http::StatusCode, response::Response};
use contracts::{
    OrderId, PaymentId, Problem,
    http::{Customer, IdempotencyKey, Json, Path},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{bodies::OrderBody, change_order::change};
use crate::{
    AppState, clock,
    domain::{Input, PaymentMethod},
    error::Error,
    store::idempotency::IdempotentRequest,
};

/// Another payment method.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayOrder {
    /// The card processor's token of a payment method. Never card data.
    payment_method: PaymentMethod,
}

/// Pays with another payment method after a decline, until the order's deadline.
///
/// The response is returned before the payment is authorized: `payment.status` of the order shows the outcome.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/payment",
    tag = "orders",
    security(("access_token" = ["customer"])),
    params(
        ("id" = OrderId, Path, description = "Id of the order"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]{1,255}$",
            description = "New random value for each attempt, and the same value for each retry of it"),
    ),
    request_body = PayOrder,
    responses(
        (status = 202, description = "The order; the authorization is requested", body = OrderBody, headers(
            ("Location" = String, description = "Path of the order"),
            ("Idempotent-Replayed" = String, description = "`true` for the stored response to an earlier request"),
        )),
        (status = 404, description = "The customer has no such order",
            body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The order does not accept a payment method, or the key is in use",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for a different request",
            body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many of the customer's payments were declined within a day",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn pay_order(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    Json(body): Json<PayOrder>,
) -> Result<Response, Error> {
    let request = IdempotentRequest::new(user, "pay-order", &key, &(id, &body))?;
    let PayOrder { payment_method } = body;
    if app.store.cart(user).await?.unpaid.is_declined_too_often(clock::now()) {
        return Err(Error::TooManyDeclines);
    }
    let command = Input::PaymentMethodGiven { payment_id: PaymentId::generate(), payment_method };
    change(&app, user, id, &command, &request, StatusCode::ACCEPTED).await
}
