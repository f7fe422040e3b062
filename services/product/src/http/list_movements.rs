//! `GET /v1/inventory/{sku}/movements`

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use contracts::{
    OrderId, Problem, Sku, UserId,
    http::{PageLimit, Path, Query, Staff},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::Cursor;
use crate::{
    AppState,
    domain::stock::Movement,
    error::Error,
    store::stock::{self, MovementRow},
};

/// Parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListMovements {
    /// Maximum number of movements on the page.
    limit: Option<PageLimit>,
    /// `next_cursor` of the previous page. Opaque.
    cursor: Option<Cursor>,
}

/// Page of the ledger of a SKU.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MovementPage {
    /// Movements, newest first.
    items: Vec<MovementBody>,
    /// Cursor of the next page; null on the last page.
    #[schema(required)]
    next_cursor: Option<Cursor>,
}

/// Change of the stock of a SKU.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovementRecord)]
pub(super) struct MovementBody {
    #[schema(value_type = Movement)]
    kind: String,
    /// Change of the available pieces.
    available: i32,
    /// Change of the reserved pieces.
    reserved: i32,
    /// Change of the sold pieces.
    sold: i32,
    /// Order of the pieces, unless the movement is initial stock or an adjustment.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<OrderId>,
    /// Member of staff who adjusted the stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// Reason for the adjustment.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Time of the movement.
    at: DateTime<Utc>,
}

impl From<MovementRow> for MovementBody {
    fn from(row: MovementRow) -> Self {
        let MovementRow { id: _, kind, available, reserved, sold, order_id, user_id, reason, at } = row;
        let (order_id, user_id) = (order_id.map(OrderId::from), user_id.map(UserId::from));
        Self { kind, available, reserved, sold, order_id, user_id, reason, at }
    }
}

/// Lists the movements of a SKU, newest first.
#[utoipa::path(
    get,
    path = "/v1/inventory/{sku}/movements",
    tag = "inventory",
    security(("access_token" = ["staff"])),
    params(("sku" = Sku, Path, description = "SKU of a variant"), ListMovements),
    responses(
        (status = 200, description = "Page of the ledger", body = MovementPage),
        (status = 404, description = "The SKU does not exist",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The cursor belongs to another list",
            body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn list_movements(
    _: Staff,
    State(app): State<AppState>,
    Path(sku): Path<Sku>,
    Query(ListMovements { limit, cursor }): Query<ListMovements>,
) -> Result<Json<MovementPage>, Error> {
    let limit = limit.unwrap_or_default().get();
    let before = cursor.map(|cursor| cursor.position(&sku)).transpose()?;
    let read = app.requests.run(async |connection| stock::movements(connection, &sku, before, limit).await);
    let mut rows = read.await?.ok_or(Error::NotFound("SKU"))?;
    let has_next = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_next).map(|last| Cursor::new(&sku, last.id));
    Ok(Json(MovementPage { items: rows.into_iter().map(MovementBody::from).collect(), next_cursor }))
}
