//! What can go wrong, and what a client hears of it.

use axum::response::{IntoResponse, Response};
use contracts::{Problem, ProblemType};

use crate::domain::{product::PatchError, stock::InvalidLines};

/// Everything that stops a request, a message or an import.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of that name is here.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A parameter is wrong, which only its meaning shows.
    #[error("{field}: {detail}")]
    InvalidParameter {
        /// The parameter's name.
        field: &'static str,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A patch does not fit its product.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A change came without the version that it is meant for.
    #[error("If-Match is missing")]
    PreconditionRequired,
    /// A change is meant for another version.
    #[error("the product has another version")]
    PreconditionFailed,
    /// An adjustment would take more than there is, or leave more than can be counted.
    #[error("the stock has {available} available pieces: the adjustment does not fit")]
    AdjustmentDoesNotFit {
        /// How many there are.
        available: i32,
    },
    /// The same idempotency key is at work in another request.
    #[error("the idempotency key is in use")]
    KeyInUse,
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Two events of one order met at its very first row. Trying again finds the row.
    #[error("another event of the order was handled at the same time")]
    VersionConflict,
    /// A message that no publisher of ours may send.
    #[error(transparent)]
    InvalidLines(#[from] InvalidLines),
    /// A message is not an event that this version knows.
    #[error("unreadable message")]
    Unreadable(#[from] serde_json::Error),
    /// The database refused or did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Problem {
    /// The outside of an error. Causes are logged here, once, and never shown.
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(ProblemType::NotFound).with_detail(detail),
            Error::InvalidParameter { field, detail } => {
                Self::new(ProblemType::InvalidRequest).with_error(field, detail)
            }
            Error::Patch(wrong) => Self::new(ProblemType::Unprocessable).with_error(wrong.field(), detail),
            Error::PreconditionRequired => Self::new(ProblemType::PreconditionRequired)
                .with_detail("read the product, and send the ETag of what you read")
                .with_error("if-match", "is missing"),
            Error::PreconditionFailed => Self::new(ProblemType::PreconditionFailed)
                .with_detail("read the product again, and decide again")
                .with_error("if-match", detail),
            Error::AdjustmentDoesNotFit { .. } => {
                Self::new(ProblemType::Conflict).with_detail(detail.clone()).with_error("delta", detail)
            }
            Error::KeyInUse => Self::new(ProblemType::IdempotencyKeyInUse),
            Error::KeyReused => Self::new(ProblemType::IdempotencyKeyReused),
            Error::Database(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => {
                logged(Self::new(ProblemType::Unavailable), &detail)
            }
            Error::VersionConflict | Error::Unreadable(_) | Error::InvalidLines(_) | Error::Database(_) => {
                logged(Self::new(ProblemType::Internal), &detail)
            }
        }
    }
}

fn logged(problem: Problem, cause: &str) -> Problem {
    tracing::error!(trace_id = problem.trace_id, cause, "a request failed");
    problem
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
