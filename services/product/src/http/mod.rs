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
        search::{MinorUnits, Sort},
        text::{SearchText, Slug},
    },
};

/// More requests at once would only wait for the database, and all of them would be late.
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

/// The service's router.
pub fn router(app: AppState) -> Router {
    surround(routes().split_for_parts().0.with_state(app), OPTIONS)
}

/// The service's OpenAPI document, as it is committed.
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
    // Types of query parameters, which utoipa does not collect from the routes.
    components(schemas(MinorUnits, PageLimit, SearchText, Slug, Sort))
)]
struct Description;
