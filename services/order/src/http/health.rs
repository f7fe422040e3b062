//! Whether this process lives, and whether it can serve.

use axum::{extract::State, http::StatusCode};
use contracts::Problem;

use crate::{AppState, error::Error};

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "health", security(()), responses((status = 200, description = "It lives")))]
pub(super) async fn live() -> StatusCode {
    StatusCode::OK
}

/// The table answers. The token issuer's keys are not asked for: without them, queues are still worked on.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    security(()),
    responses((status = 200, description = "It can serve"), (status = "default", description = "Its table does not answer", body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn ready(State(app): State<AppState>) -> Result<StatusCode, Error> {
    app.store.ping().await?;
    Ok(StatusCode::OK)
}
