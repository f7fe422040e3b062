//! Routes. A handler's signature is its access rule: without a caller it is public.

mod adjust_inventory;
mod cursor;
mod get_inventory;
mod get_product;
mod health;
mod list_categories;
mod list_movements;
mod list_products;
mod product_body;
mod update_product;

use std::time::Duration;

use axum::Router;
use contracts::http::{
    PageLimit,
    layers::{Options, surround},
    openapi,
};
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    AppState,
    domain::{
        product::NewPrice,
        search::{MinorUnits, Sort},
        text::{ProductRef, SearchText, Slug},
    },
    http::{cursor::Cursor, product_body::ProductETag},
};

/// Limits of requests. With more in progress, all would wait for the database until they time out.
const OPTIONS: Options =
    Options { body_limit: 64 * 1024, deadline: Duration::from_secs(10), concurrency: 256, access_log: false };

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list_products::list_products))
        .routes(routes!(get_product::get_product, update_product::update_product))
        .routes(routes!(list_categories::list_categories))
        .routes(routes!(get_inventory::get_inventory))
        .routes(routes!(list_movements::list_movements))
        .routes(routes!(adjust_inventory::adjust_inventory))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// Returns the router with all layers.
pub(crate) fn router(app: AppState) -> Router {
    surround(routes().split_for_parts().0.with_state(app), OPTIONS)
}

/// Returns the OpenAPI document, which is committed as `openapi.json`.
pub fn document() -> Document {
    openapi::complete(routes().into_openapi())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Product",
        description = "Catalogue, search and stock.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    // Types of parameters and headers, which utoipa does not collect from the routes.
    components(schemas(Cursor, MinorUnits, NewPrice, PageLimit, ProductETag, ProductRef, SearchText, Slug, Sort))
)]
struct Description;
