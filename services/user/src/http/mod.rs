//! The API: the list of routes, and one file per use case.

mod delete_me;
mod discovery;
mod get_me;
mod issue_token;
mod refresh;
mod register;
mod retry;
mod revoke;
mod sign_in;
mod token_response;
mod update_me;

use std::time::Duration;

use axum::{Router, routing::get};
use contracts::http::{
    layers::{Options, surround},
    openapi,
};
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::AppState;

/// Limits of requests. The deadline is below the function's timeout of ten seconds, so that the client gets a problem
/// document.
const OPTIONS: Options =
    Options { body_limit: 64 * 1024, deadline: Duration::from_secs(9), concurrency: 64, access_log: true };

/// Number of attempts to change an account.
const ATTEMPTS: u32 = 3;

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(register::register))
        .routes(routes!(issue_token::issue_token))
        .routes(routes!(revoke::revoke))
        .routes(routes!(get_me::get_me, update_me::update_me, delete_me::delete_me))
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(discovery::jwks))
}

/// Returns the service's router.
pub fn router(app: AppState) -> Router {
    let (routes, _) = routes().split_for_parts();
    surround(routes.route("/health/live", get(async || "live")).with_state(app), OPTIONS)
}

/// Returns the service's OpenAPI document, of which `openapi.json` is a copy.
pub fn document() -> Document {
    openapi::complete(routes().into_openapi())
}

#[derive(OpenApi)]
#[openapi(info(
    title = "User",
    description = "Accounts and tokens.",
    license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
))]
struct Description;
