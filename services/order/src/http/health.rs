//! `GET /health/live`, `GET /health/ready`

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, ProblemType};

use crate::{AppState, error::Error};

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
