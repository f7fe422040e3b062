//! `GET /v1/inventory/{sku}`

use axum::{Json, extract::State};
use contracts::{
    Problem, Sku,
    http::{Path, Staff},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    AppState,
    error::Error,
    store::stock::{self, Level},
};

/// Stock of a SKU.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inventory {
    sku: Sku,
    /// Pieces that can be bought.
    #[schema(minimum = 0)]
    available: i32,
    /// Pieces that are reserved for unconfirmed orders.
    #[schema(minimum = 0)]
    reserved: i32,
    /// Pieces that confirmed orders have bought.
    #[schema(minimum = 0)]
    sold: i32,
}

impl Inventory {
    pub(super) fn new(sku: Sku, level: Level) -> Self {
        let Level { available, reserved, sold } = level;
        Self { sku, available, reserved, sold }
    }
}

/// Returns the stock of a SKU.
#[utoipa::path(
    get,
    path = "/v1/inventory/{sku}",
    tag = "inventory",
    security(("access_token" = ["staff"])),
    params(("sku" = Sku, Path, description = "SKU of a variant")),
    responses(
        (status = 200, description = "Stock of the SKU", body = Inventory),
        (status = 404, description = "The SKU does not exist",
            body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn get_inventory(
    _: Staff,
    State(app): State<AppState>,
    Path(sku): Path<Sku>,
) -> Result<Json<Inventory>, Error> {
    let level = app
        .requests
        .run(async |connection| stock::level(connection, &sku).await)
        .await?
        .ok_or(Error::NotFound("SKU"))?;
    Ok(Json(Inventory::new(sku, level)))
}
