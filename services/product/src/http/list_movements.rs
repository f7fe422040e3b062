//! `GET /v1/inventory/{sku}/movements`

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use contracts::{
    OrderId, Problem, Sku, UserId,
    http::{PageLimit, Path, Query, Staff},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor;
use crate::{
    AppState,
    domain::stock::Movement,
    error::Error,
    store::stock::{self, MovementRow},
};

/// The parameters. All are optional.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// How many items a page has.
    limit: Option<PageLimit>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of a SKU's ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementPage {
    /// The newest first.
    items: Vec<MovementBody>,
    /// The `cursor` of the next page; none at the end.
    next_cursor: Option<String>,
}

/// A change of stock: what was added to each of its parts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovementRecord)]
pub struct MovementBody {
    #[schema(value_type = Movement)]
    kind: String,
    available: i32,
    reserved: i32,
    sold: i32,
    /// The order it was for, unless it was a delivery or a correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<OrderId>,
    /// Who made the correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// Why the correction was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    at: DateTime<Utc>,
}

impl From<MovementRow> for MovementBody {
    fn from(row: MovementRow) -> Self {
        let MovementRow { id: _, kind, available, reserved, sold, order_id, user_id, reason, at } = row;
        let (order_id, user_id) = (order_id.map(OrderId::from), user_id.map(UserId::from));
        Self { kind, available, reserved, sold, order_id, user_id, reason, at }
    }
}

/// How the stock of one SKU came about.
#[utoipa::path(
    get,
    path = "/v1/inventory/{sku}/movements",
    tag = "inventory",
    security(("access_token" = ["staff"])),
    params(("sku" = Sku, Path, description = "The SKU"), Parameters),
    responses(
        (status = 200, description = "A page of its ledger, the newest movement first", body = MovementPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not of the staff", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such SKU", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list_movements(
    _: Staff,
    State(state): State<AppState>,
    Path(sku): Path<Sku>,
    Query(Parameters { limit, cursor }): Query<Parameters>,
) -> Result<Json<MovementPage>, Error> {
    let limit = limit.unwrap_or_default();
    let before = cursor.map(|cursor| cursor::decode(&sku, &cursor)).transpose()?;
    let mut rows = stock::movements(&state.pool, &sku, before, limit.get()).await?.ok_or(Error::NotFound("SKU"))?;
    let has_next = rows.len() > limit.get();
    rows.truncate(limit.get());
    let next_cursor = rows.last().filter(|_| has_next).map(|last| cursor::encode(&sku, last.id));
    Ok(Json(MovementPage { items: rows.into_iter().map(MovementBody::from).collect(), next_cursor }))
}
