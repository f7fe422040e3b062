//! Errors, and the problem documents they become.

use axum::response::{IntoResponse, Response};
use contracts::{Problem, ProblemType};

use crate::domain::{product::PatchError, stock::InvalidLines};

/// Failure of a request or a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object of this kind does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A parameter does not have its form.
    #[error("{field}: {detail}")]
    InvalidParameter {
        /// Name of the parameter.
        field: &'static str,
        /// Rule that it breaks.
        detail: &'static str,
    },
    /// Parameters have their form, but contradict each other or belong to another query.
    #[error("{field}: {detail}")]
    ContradictoryParameter {
        /// Name of the parameter.
        field: &'static str,
        /// Contradiction.
        detail: &'static str,
    },
    /// A patch does not fit its product.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A change has no `If-Match`.
    #[error("If-Match is missing")]
    PreconditionRequired,
    /// The `If-Match` of a change names another version.
    #[error("the product has another version")]
    PreconditionFailed,
    /// The stock after an adjustment would be negative or too large.
    #[error("{available} pieces are available: the adjustment does not fit")]
    AdjustmentOutOfRange {
        /// Available pieces.
        available: i32,
    },
    /// A request with the same idempotency key is in progress.
    #[error("a request with the same idempotency key is in progress")]
    KeyInUse,
    /// The idempotency key was used for a different request.
    #[error("the idempotency key was used for a different request")]
    KeyReused,
    /// Another event of the order wrote the first version of its reservation concurrently. A retry finds it.
    #[error("version conflict")]
    VersionConflict,
    /// The lines of an event cannot be those of an order: a contract violation by its publisher.
    #[error(transparent)]
    InvalidLines(#[from] InvalidLines),
    /// The queue is not meant for this type of event: the filter of a subscription is too wide.
    #[error("unexpected event type {0}")]
    UnexpectedEvent(&'static str),
    /// A message is not an event that this version can read.
    #[error("unreadable message")]
    Unreadable(#[from] serde_json::Error),
    /// The database rejected a statement or did not respond.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// True for transient failures of the database: no connection, a timeout, a conflict, no resources, a failover.
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        // Classes and codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            matches!(&*code, "40001" | "40P01" | "55P03" | "57014" | "25006")
                || code.starts_with("53")
                || code.starts_with("57P")
        }),
        _ => false,
    }
}

impl Error {
    /// True if another delivery of the message may succeed. False if the message or the domain refuses it.
    ///
    /// An error of the database never refuses a message: a stored value that this version cannot read was written by a
    /// newer one.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::KeyInUse | Self::VersionConflict | Self::Database(_) => true,
            Self::NotFound(_)
            | Self::InvalidParameter { .. }
            | Self::ContradictoryParameter { .. }
            | Self::Patch(_)
            | Self::PreconditionRequired
            | Self::PreconditionFailed
            | Self::AdjustmentOutOfRange { .. }
            | Self::KeyReused
            | Self::InvalidLines(_)
            | Self::UnexpectedEvent(_)
            | Self::Unreadable(_) => false,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(ProblemType::NotFound).with_detail(detail),
            Error::InvalidParameter { field, detail } => {
                Self::new(ProblemType::InvalidRequest).with_error(field, detail)
            }
            Error::ContradictoryParameter { field, detail } => {
                Self::new(ProblemType::Unprocessable).with_error(field, detail)
            }
            Error::Patch(error) => Self::new(ProblemType::Unprocessable).with_error(error.field(), detail),
            Error::PreconditionRequired => Self::new(ProblemType::PreconditionRequired)
                .with_detail("send the ETag of the product that was read")
                .with_error("if-match", "is missing"),
            Error::PreconditionFailed => Self::new(ProblemType::PreconditionFailed)
                .with_detail("read the product again, and repeat the change with its current ETag")
                .with_error("if-match", detail),
            Error::AdjustmentOutOfRange { .. } => {
                Self::new(ProblemType::Conflict).with_detail(detail.clone()).with_error("delta", detail)
            }
            Error::KeyInUse => Self::new(ProblemType::IdempotencyKeyInUse),
            Error::KeyReused => Self::new(ProblemType::IdempotencyKeyReused),
            Error::Database(error) if is_transient(&error) => Self::new(ProblemType::Unavailable),
            Error::VersionConflict
            | Error::UnexpectedEvent(_)
            | Error::Unreadable(_)
            | Error::InvalidLines(_)
            | Error::Database(_) => Self::new(ProblemType::Internal),
        }
    }
}

impl IntoResponse for Error {
    /// Logs internal errors and outages: this is the boundary of requests.
    fn into_response(self) -> Response {
        let error = contracts::error::chain(&self);
        let problem = Problem::from(self);
        if problem.status >= 500 {
            tracing::error!(trace_id = problem.trace_id, error, "request failed");
        }
        problem.into_response()
    }
}
