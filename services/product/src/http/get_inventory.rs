//! `GET /v1/inventory/{sku}`

use axum::{Json, extract::State};
use contracts::{
    Problem, Sku,
    http::{Path, Staff},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::AppState;
use crate::{
    error::Error,
    store::stock::{self, Level},
};

/// The stock of one SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inventory {
    sku: Sku,
    /// Pieces that can be bought.
    available: i32,
    /// Pieces that are set aside for orders that are not confirmed yet.
    reserved: i32,
    /// Pieces that confirmed orders got.
    sold: i32,
}

impl Inventory {
    /// The stock of `sku` is `level`.
    pub fn new(sku: Sku, level: Level) -> Self {
        let Level { available, reserved, sold } = level;
        Self { sku, available, reserved, sold }
    }
}

/// The stock of one SKU.
#[utoipa::path(
    get,
    path = "/v1/inventory/{sku}",
    tag = "inventory",
    security(("access_token" = ["staff"])),
    params(("sku" = Sku, Path, description = "The SKU")),
    responses(
        (status = 200, description = "Its stock", body = Inventory),
        (status = 401, description = "No valid access token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not of the staff", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such SKU", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get_inventory(
    _: Staff,
    State(state): State<AppState>,
    Path(sku): Path<Sku>,
) -> Result<Json<Inventory>, Error> {
    let level = stock::level(&state.pool, &sku).await?.ok_or(Error::NotFound("SKU"))?;
    Ok(Json(Inventory::new(sku, level)))
}
