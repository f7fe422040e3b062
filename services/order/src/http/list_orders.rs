//! `GET /v1/orders`

use axum::{Json, extract::State};
use contracts::{
    OrderId,
    http::{Customer, PageLimit, Query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies::OrderSummary;
use crate::{AppState, error::Error};

/// Parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListOrders {
    /// Maximum number of orders on the page.
    limit: Option<PageLimit>,
    /// `next_cursor` of the previous page. Opaque.
    #[param(value_type = Option<String>, pattern = "^ord_[0-9a-f]{32}$")]
    cursor: Option<OrderId>,
}

/// Page of a customer's orders.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderList {
    /// Orders, newest first.
    items: Vec<OrderSummary>,
    /// Cursor of the next page; null on the last page.
    #[schema(required, pattern = "^ord_[0-9a-f]{32}$")]
    next_cursor: Option<String>,
}

/// Lists the customer's orders, newest first.
///
/// The list is eventually consistent: a new order may be missing for some milliseconds.
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "orders",
    security(("access_token" = ["customer"])),
    params(ListOrders),
    responses((status = 200, description = "Page of orders", body = OrderList))
)]
pub(super) async fn list_orders(
    State(app): State<AppState>,
    Customer(user): Customer,
    Query(ListOrders { limit, cursor }): Query<ListOrders>,
) -> Result<Json<OrderList>, Error> {
    let page = app.store.orders_of(user, cursor, limit.unwrap_or_default().get()).await?;
    let next_cursor = page.items.last().filter(|_| page.has_more).map(|last| last.id().to_string());
    Ok(Json(OrderList { items: page.items.into_iter().map(OrderSummary::from).collect(), next_cursor }))
}
