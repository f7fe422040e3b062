//! Health checks.

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, ProblemType};

use crate::AppState;

/// Checks that the process and its loops run. The load balancer asks for it.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses(
        (status = 200, description = "The process and its loops run"),
        (status = 503, description = "A loop does not continue",
            body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn live(State(app): State<AppState>) -> Result<StatusCode, Problem> {
    match app.liveness.stalled() {
        None => Ok(StatusCode::OK),
        Some(name) => {
            tracing::error!(name, "a loop does not continue");
            Err(Problem::new(ProblemType::Unavailable).with_detail(format!("the loop `{name}` does not continue")))
        }
    }
}

/// Checks that the service can handle requests: for the start of a task, and for people.
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
