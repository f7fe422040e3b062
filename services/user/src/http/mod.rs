//! The routes, all on one screen, and what surrounds them.

mod delete_me;
mod discovery;
mod get_me;
mod issue_token;
mod layers;
mod refresh;
mod register;
mod revoke;
mod sign_in;
mod update_me;

use axum::{Router, extract::DefaultBodyLimit, middleware::from_fn, routing::get};
use contracts::http::{method_not_allowed, not_found, trace};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::AppState;

/// The largest body, in bytes. None that is valid here comes near it.
const MAX_BODY: usize = 64 * 1024;

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(register::register))
        .routes(routes!(issue_token::issue_token))
        .routes(routes!(revoke::revoke))
        .routes(routes!(get_me::get_me, update_me::update_me, delete_me::delete_me))
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(discovery::jwks))
}

/// The service, as Lambda and tests call it.
pub fn router(state: AppState) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route("/health/live", get(async || "live"))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // From the inside to the outside.
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(layers::deadline))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn(layers::private_by_default))
        .layer(from_fn(layers::log))
        .layer(from_fn(trace))
        .with_state(state)
}

/// The OpenAPI document, as it is committed.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}

#[derive(OpenApi)]
#[openapi(
    info(title = "user", description = "Accounts and tokens", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    modifiers(&AccessToken)
)]
struct ApiDoc;

/// The security scheme that operations name as `access_token`.
struct AccessToken;

impl Modify for AccessToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        openapi.components.get_or_insert_default().add_security_scheme("access_token", SecurityScheme::Http(scheme));
    }
}
