//! What one instance takes on: a number of requests at once, each for a limited time.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contracts::{Problem, ProblemType};
use tokio::{sync::Semaphore, time::timeout};

/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How many requests are worked on at once. More would only wait for the database, and all would be late.
const REQUESTS_AT_ONCE: usize = 256;

/// Room for requests.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(REQUESTS_AT_ONCE)))
    }
}

/// Middleware: refuses at once what there is no room for, and gives up what takes too long. Health checks always have
/// room: an instance that is busy is not dead.
pub async fn bounded(State(Room(room)): State<Room>, request: Request, next: Next) -> Response {
    let unavailable = |detail| Problem::new(ProblemType::Unavailable).with_detail(detail).into_response();
    let is_health_check = request.uri().path().starts_with("/health/");
    let Ok(_place) = room.try_acquire_many(u32::from(!is_health_check)) else {
        return unavailable("too many requests are under way");
    };
    let answer = timeout(DEADLINE, next.run(request)).await;
    answer.unwrap_or_else(|_| unavailable("the request took too long"))
}

/// The answer to a request whose handler panicked.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let problem = Problem::new(ProblemType::Internal);
    tracing::error!(trace_id = problem.trace_id, cause = text, "a handler panicked");
    problem.into_response()
}
