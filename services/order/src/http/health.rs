//! `GET /health/live`, `GET /health/ready`

use axum::{extract::State, http::StatusCode};
use contracts::Problem;

use crate::{AppState, error::Error};

/// Reports that the process runs.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "The process runs")))]
pub(super) async fn live() -> StatusCode {
    StatusCode::OK
}

/// Reports whether the service can process requests: whether its table responds.
///
/// The token issuer's keys are not checked: without them, the service still processes messages.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "The table responds"),
        (status = 500, description = "The table rejects the request",
            body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The table does not respond",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ready(State(app): State<AppState>) -> Result<StatusCode, Error> {
    app.store.ping().await?;
    Ok(StatusCode::OK)
}
