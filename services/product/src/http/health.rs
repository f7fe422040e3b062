//! Health checks.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, ProblemType};
use tokio::time::timeout;

use crate::{AppState, store};

const PING_LIMIT: Duration = Duration::from_secs(2);

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
    match timeout(PING_LIMIT, store::ping(&app.pool)).await {
        Ok(Ok(())) => Ok(StatusCode::OK),
        _ => Err(Problem::new(ProblemType::Unavailable).with_detail("the database does not respond")),
    }
}
