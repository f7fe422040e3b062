//! Routes. A handler's signature is its access rule: without a caller it is public.

mod adjust_inventory;
mod cursor;
mod get_inventory;
mod get_product;
mod health;
mod limits;
mod list_categories;
mod list_movements;
mod list_products;
mod product_body;
mod traced;
mod update_product;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    middleware,
};
use contracts::http::{Tokens, method_not_allowed, not_found};
use sqlx::PgPool;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{
        search::{Limit, MinorUnits, Sort},
        text::{SearchText, Slug},
    },
    events::publisher::Wake,
};

/// The largest body that is read.
const MAX_BODY: usize = 64 * 1024;

/// What every handler may use.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The store.
    pub pool: PgPool,
    /// The keys that access tokens are checked with.
    pub tokens: Tokens,
    /// For the events that handlers commit.
    pub wake: Wake,
}

impl FromRef<AppState> for Tokens {
    fn from_ref(state: &AppState) -> Self {
        state.tokens.clone()
    }
}

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

/// Everything that `main` serves.
pub fn router(state: AppState) -> Router {
    let (routes, _) = routes().split_for_parts();
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state)
        // From the inside out: bodies are bounded,
        .layer(DefaultBodyLimit::max(MAX_BODY))
        // a panic is an answer,
        .layer(CatchPanicLayer::custom(limits::panicked))
        // requests are bounded in number and in time,
        .layer(middleware::from_fn_with_state(limits::Room::default(), limits::bounded))
        // and all of it is within the request's trace.
        .layer(middleware::from_fn(traced::traced))
}

/// The OpenAPI document of these routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Product", description = "Catalogue, search and stock.", license(name = "MIT OR Apache-2.0")),
    // The types of query parameters, which are not collected from the routes.
    components(schemas(Limit, MinorUnits, SearchText, Slug, Sort)),
    modifiers(&AccessToken)
)]
struct Description;

struct AccessToken;

impl Modify for AccessToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("access_token", SecurityScheme::Http(scheme));
    }
}
