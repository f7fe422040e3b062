//! Health checks.

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, ProblemType};

use crate::AppState;

/// Checks that the process is alive.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, description = "The process is alive"))
)]
pub(super) async fn live() -> StatusCode {
    StatusCode::OK
}

/// Checks that the service can handle requests.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "The database responds"),
        (status = 503, description = "The database does not respond",
            body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn ready(State(app): State<AppState>) -> Result<StatusCode, Problem> {
    match app.requests.ping().await {
        Ok(()) => Ok(StatusCode::OK),
        Err(_) => Err(Problem::new(ProblemType::Unavailable).with_detail("the database does not respond")),
    }
}
