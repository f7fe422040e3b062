//! `GET /v1/orders/{id}`

use axum::{Json, extract::State};
use contracts::{
    OrderId, Problem,
    http::{Customer, Path},
};

use super::bodies::OrderBody;
use crate::{AppState, error::Error};

/// Shows one of the customer's orders, with its history.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "orders",
    params(("id" = OrderId, Path, description = "Which")),
    responses(
        (status = 200, description = "The order", body = OrderBody),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read_order(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderBody>, Error> {
    let order = app.store.order_of(user, id).await?.ok_or(Error::NotFound)?;
    Ok(Json(order.into()))
}
