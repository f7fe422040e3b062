//! `GET /v1/orders`

use axum::{Json, extract::State};
use contracts::{
    OrderId, Problem,
    http::{Customer, Query},
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
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100, default = 20)]
    limit: Limit,
    /// `next_cursor` of the part before. Do not read anything into it.
    #[param(value_type = Option<String>)]
    cursor: Option<OrderId>,
}

/// How many orders a part of the list has: 1 to 100.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Limit(usize);

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<String> for Limit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse() {
            Ok(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err("must be 1 to 100"),
        }
    }
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
    let page = app.store.orders_of(user, cursor, limit.0).await?;
    let next_cursor = page.items.last().filter(|_| page.more).map(|last| last.id.to_string());
    Ok(Json(OrderList { items: page.items.into_iter().map(OrderSummary::from).collect(), next_cursor }))
}
