//! `GET /v1/orders`

use axum::{Json, extract::State};
use contracts::{
    OrderId, Problem,
    http::{Customer, PageLimit, Query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies::OrderSummary;
use crate::{AppState, error::Error};

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListOrders {
    /// How many orders.
    limit: Option<PageLimit>,
    /// `next_cursor` of the part before. Do not read anything into it.
    #[param(value_type = Option<String>)]
    cursor: Option<OrderId>,
}

/// A part of a customer's orders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderList {
    /// The orders, newest first.
    items: Vec<OrderSummary>,
    /// Where the next part begins; null at the end.
    next_cursor: Option<String>,
}

/// Lists the customer's orders, newest first. An order may be missing for a moment after it was placed.
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "orders",
    params(ListOrders),
    responses(
        (status = 200, description = "Orders", body = OrderList),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_orders(
    State(app): State<AppState>,
    Customer(user): Customer,
    Query(ListOrders { limit, cursor }): Query<ListOrders>,
) -> Result<Json<OrderList>, Error> {
    let page = app.store.orders_of(user, cursor, limit.unwrap_or_default().get()).await?;
    let next_cursor = page.items.last().filter(|_| page.more).map(|last| last.id.to_string());
    Ok(Json(OrderList { items: page.items.into_iter().map(OrderSummary::from).collect(), next_cursor }))
}
