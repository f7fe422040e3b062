//! `GET /v1/orders/{id}`

use axum::{Json, extract::State};
use contracts::{
    OrderId, Problem,
    http::{Customer, Path},
};

use super::bodies::OrderBody;
use crate::{AppState, error::Error};

/// Returns one of the customer's orders, with its history.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "orders",
    security(("access_token" = ["customer"])),
    params(("id" = OrderId, Path, description = "Id of the order")),
    responses(
        (status = 200, description = "The order", body = OrderBody),
        (status = 404, description = "The customer has no such order",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read_order(
    State(app): State<AppState>,
    Customer(user): Customer,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderBody>, Error> {
    let order = app.store.stored_order_of(user, id).await?.ok_or(Error::NotFound)?;
    Ok(Json(order.into()))
}
