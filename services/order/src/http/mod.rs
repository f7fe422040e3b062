//! The API: every route on one screen, one file per use case.

use std::time::Duration;

use axum::{Router, middleware::from_fn_with_state};
use contracts::http::{
    PageLimit,
    layers::{Options, surround},
    openapi,
};
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::AppState;

mod bodies;
mod cancel_order;
mod change_order;
mod empty_cart;
mod health;
mod list_orders;
mod no_body;
mod pay_order;
mod place_order;
mod put_cart_item;
mod read_cart;
mod read_order;
mod remove_cart_item;
mod shed;
mod stored_response;

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(read_cart::read_cart, empty_cart::empty_cart))
        .routes(routes!(put_cart_item::put_cart_item, remove_cart_item::remove_cart_item))
        .routes(routes!(place_order::place_order, list_orders::list_orders))
        .routes(routes!(read_order::read_order))
        .routes(routes!(pay_order::pay_order))
        .routes(routes!(cancel_order::cancel_order))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// Returns the service's router, for up to `concurrency` requests at a time.
pub(crate) fn router(app: AppState, concurrency: usize) -> Router {
    let options = Options { body_limit: 64 * 1024, deadline: Duration::from_secs(10), concurrency, access_log: true };
    let routes = routes().split_for_parts().0.with_state(app);
    surround(routes.layer(from_fn_with_state(shed::Classes::of(concurrency), shed::shed)), options)
}

/// Returns the service's OpenAPI document, as committed in `openapi.json`.
pub fn document() -> Document {
    openapi::complete(routes().into_openapi())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Order",
        version = "1",
        description = "Carts, checkout and the life of orders.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(PageLimit))
)]
struct Description;
