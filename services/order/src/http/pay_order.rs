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
    AppState,
    domain::{Input, PaymentMethod},
    error::Error,
    store::idempotency::RepeatableRequest,
};

/// Another way to pay.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayOrder {
    /// The card processor's token of a payment method. Never card data.
    #[schema(value_type = String, pattern = "^pm_[A-Za-z0-9_]{1,97}$", examples("pm_card_visa"))]
    payment_method: PaymentMethod,
}

/// Tries another payment method after a decline, as long as the order waits.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/payment",
    tag = "orders",
    params(
        ("id" = OrderId, Path, description = "Which"),
        ("Idempotency-Key" = String, Header, description = "A new random value for each attempt; the same for each repetition"),
    ),
    request_body = PayOrder,
    responses(
        (status = 202, description = "The order; the payment is being tried", body = OrderBody),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn pay_order(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    Json(payment): Json<PayOrder>,
) -> Result<Response, Error> {
    let request = RepeatableRequest::new(user, "pay-order", &key, &(id, &payment))?;
    let wish = Input::PaymentMethodGiven { payment_id: PaymentId::generate(), payment_method: payment.payment_method };
    change(&app, user, id, &wish, &request, StatusCode::ACCEPTED).await
}
