//! Whether this instance lives, and whether it can work.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use contracts::{Problem, ProblemType};
use tokio::time::timeout;

use crate::AppState;
use crate::store;

/// Is the process alive?
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "It is")))]
pub async fn live() -> StatusCode {
    StatusCode::OK
}

/// Can it serve requests?
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses((status = 200, description = "It can"), (status = 503, description = "Its database does not answer", body = Problem, content_type = "application/problem+json"))
)]
pub async fn ready(State(state): State<AppState>) -> Result<StatusCode, Problem> {
    match timeout(Duration::from_secs(2), store::ping(&state.pool)).await {
        Ok(Ok(())) => Ok(StatusCode::OK),
        _ => Err(Problem::new(ProblemType::Unavailable).with_detail("the database does not answer")),
    }
}
