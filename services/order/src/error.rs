//! Everything that can go wrong, and what a client hears of it.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use axum::response::{IntoResponse, Response};
use contracts::{OrderId, Problem, ProblemType};

use crate::domain::{CartRefusal, PlaceRefusal, Refusal};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a request or a message could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is here that the caller may know of.
    #[error("there is no such order")]
    NotFound,
    /// The cart does not take it.
    #[error(transparent)]
    Cart(#[from] CartRefusal),
    /// The cart cannot be ordered.
    #[error(transparent)]
    Place(#[from] PlaceRefusal),
    /// The order's state does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The `Idempotency-Key` was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A request with the same `Idempotency-Key` is being committed.
    #[error("a request with the same idempotency key is still running")]
    KeyInUse,
    /// Others changed the same thing at the same time, each time that it was tried.
    #[error("others keep changing the same thing")]
    VersionConflict,
    /// An event speaks of an order that does not exist.
    #[error("there is no order {0}")]
    UnknownOrder(OrderId),
    /// A message is not what its queue is for.
    #[error("the message cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// AWS does not answer, or has too much to do.
    #[error("{0}")]
    Unavailable(Cause),
    /// AWS refuses what this service asks of it, or an item cannot be read: our fault.
    #[error("{0}")]
    Store(Cause),
}

impl Error {
    /// True if loading again and deciding again may help at once.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::VersionConflict)
    }
}

impl<E, R> From<SdkError<E, R>> for Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let passing = match &error {
            SdkError::ServiceError(answer) => answer.err().code().is_some_and(is_passing),
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        let cause = DisplayErrorContext(error).to_string().into();
        if passing { Self::Unavailable(cause) } else { Self::Store(cause) }
    }
}

fn is_passing(code: &str) -> bool {
    code.contains("Throttl")
        || code.contains("LimitExceeded")
        || code.contains("ThroughputExceeded")
        || matches!(
            code,
            "InternalServerError" | "InternalError" | "ServiceUnavailable" | "TransactionInProgressException"
        )
}

impl From<serde_dynamo::Error> for Error {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound => Self::new(ProblemType::NotFound),
            Error::Cart(CartRefusal::NotForSale(_) | CartRefusal::OtherCurrency { .. } | CartRefusal::Full(_)) => {
                Self::new(ProblemType::Unprocessable).with_error("sku", detail)
            }
            Error::Place(PlaceRefusal::EmptyCart | PlaceRefusal::Amount(_)) => {
                Self::new(ProblemType::Unprocessable).with_detail(detail)
            }
            Error::Refused(_) => Self::new(ProblemType::Conflict).with_detail(detail),
            Error::KeyReused => Self::new(ProblemType::IdempotencyKeyReused),
            Error::KeyInUse => Self::new(ProblemType::IdempotencyKeyInUse),
            Error::VersionConflict | Error::Unavailable(_) => Self::new(ProblemType::Unavailable),
            Error::UnknownOrder(_) | Error::Unreadable(_) | Error::Store(_) => Self::new(ProblemType::Internal),
        }
    }
}

impl IntoResponse for Error {
    /// The boundary of requests: what is our fault is logged here, once.
    fn into_response(self) -> Response {
        let cause = self.to_string();
        let problem = Problem::from(self);
        if problem.status >= 500 {
            tracing::error!(trace_id = problem.trace_id, %cause, "a request failed");
        }
        problem.into_response()
    }
}
