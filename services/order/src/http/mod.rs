//! The API: every route on one screen, one file per use case.

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    middleware::{from_fn, map_response},
};
use contracts::http::{Tokens, method_not_allowed, not_found};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{
    OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::AppState;

mod answer;
mod bodies;
mod cancel_order;
mod change_order;
mod empty_cart;
mod health;
mod layers;
mod list_orders;
mod no_body;
mod pay_order;
mod place_order;
mod put_cart_item;
mod read_cart;
mod read_order;
mod remove_cart_item;

/// More than any valid request has.
const BODY_LIMIT: usize = 64 * 1024;

/// The routes, with the document that describes them.
pub fn router(app: AppState) -> (Router, Document) {
    let (router, document) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(read_cart::read_cart, empty_cart::empty_cart))
        .routes(routes!(put_cart_item::put_cart_item, remove_cart_item::remove_cart_item))
        .routes(routes!(place_order::place_order, list_orders::list_orders))
        .routes(routes!(read_order::read_order))
        .routes(routes!(pay_order::pay_order))
        .routes(routes!(cancel_order::cancel_order))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .split_for_parts();

    let router = router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(layers::deadline))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(map_response(layers::no_store))
        .layer(from_fn(layers::traced))
        .with_state(app);
    (router, document)
}

impl FromRef<AppState> for Tokens {
    fn from_ref(app: &AppState) -> Self {
        app.tokens.clone()
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Order", description = "Carts, checkout and the life of orders.", version = "1"),
    modifiers(&AccessToken),
    security(("access_token" = ["customer"]))
)]
struct Description;

struct AccessToken;

impl utoipa::Modify for AccessToken {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    }
}
