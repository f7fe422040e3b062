//! Errors, and the problem documents they become.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use axum::response::{IntoResponse, Response};
use contracts::{OrderId, Problem, ProblemType};

use crate::domain::{CartRefusal, MAX_UNPAID_ORDERS, PlaceRefusal, Refusal};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Failure of a request or a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Orders wait too long for their stock: a new one would end at its deadline.
    #[error("no new orders are accepted at present: retry with the same idempotency key")]
    Overloaded,
    /// The order does not exist, or is not visible to the caller.
    #[error("order not found")]
    NotFound,
    /// The cart does not accept the SKU.
    #[error(transparent)]
    Cart(#[from] CartRefusal),
    /// The cart cannot be ordered.
    #[error(transparent)]
    Place(#[from] PlaceRefusal),
    /// The customer has too many orders that wait for stock or payment.
    #[error("{MAX_UNPAID_ORDERS} of your orders wait for stock or payment: pay or cancel one of them first")]
    TooManyUnpaidOrders,
    /// The customer's payments were declined too often.
    #[error("too many of your payments were declined: try again tomorrow")]
    TooManyDeclines,
    /// The customer's account is deleted; the access token is still valid.
    #[error("the account is deleted")]
    AccountDeleted,
    /// The order's state does not allow the command or event.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The `Idempotency-Key` was used for a different request.
    #[error("the idempotency key was used for a different request")]
    KeyReused,
    /// A request with the same `Idempotency-Key` is being committed.
    #[error("a request with the same idempotency key is in progress")]
    KeyInUse,
    /// Optimistic-lock conflict: another request or message changed the item since it was read.
    #[error("version conflict")]
    VersionConflict,
    /// Version conflicts persisted through all retries.
    #[error("version conflict; retries exhausted")]
    RetriesExhausted,
    /// A newer version of the service has written the order. Its tasks handle the message or the next request.
    #[error("order {0} was written by a newer version")]
    NewerOrder(OrderId),
    /// An event names an order that does not exist.
    #[error("order {0} does not exist")]
    UnknownOrder(OrderId),
    /// The queue is not meant for this type of event: the filter of a subscription is too wide.
    #[error("unexpected event type {0}")]
    UnexpectedEvent(&'static str),
    /// The body of a message is not what its queue is for, or a response cannot be serialized.
    #[error("JSON not valid")]
    Json(#[from] serde_json::Error),
    /// DynamoDB does not respond, or throttles. A retry may succeed.
    #[error("DynamoDB not available")]
    Unavailable(#[source] Cause),
    /// Internal error: DynamoDB rejects a request, or an item cannot be read.
    #[error("DynamoDB request failed")]
    Store(#[source] Cause),
}

impl Error {
    /// True if another delivery of the message may succeed. False if the message or the order refuses it.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::VersionConflict
            | Self::RetriesExhausted
            | Self::KeyInUse
            | Self::NewerOrder(_)
            | Self::Unavailable(_)
            | Self::Store(_) => true,
            Self::NotFound
            | Self::Overloaded
            | Self::Cart(_)
            | Self::Place(_)
            | Self::TooManyUnpaidOrders
            | Self::TooManyDeclines
            | Self::AccountDeleted
            | Self::Refused(_)
            | Self::KeyReused
            | Self::UnexpectedEvent(_)
            | Self::UnknownOrder(_)
            | Self::Json(_) => false,
        }
    }

    /// True if loading and deciding again may succeed at once.
    pub(crate) fn is_version_conflict(&self) -> bool {
        matches!(self, Self::VersionConflict)
    }
}

impl<E, R> From<SdkError<E, R>> for Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let is_retryable = match &error {
            SdkError::ServiceError(response) => response.err().code().is_some_and(is_retryable),
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        if is_retryable { Self::Unavailable(error.into()) } else { Self::Store(error.into()) }
    }
}

/// True for the error codes of a transient failure.
fn is_retryable(code: &str) -> bool {
    code.contains("Throttl")
        || code.contains("LimitExceeded")
        || code.contains("ThroughputExceeded")
        || matches!(
            code,
            "InternalServerError" | "InternalError" | "ServiceUnavailable" | "TransactionInProgressException"
        )
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::Store(error.into())
    }
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
            Error::Overloaded => Self::new(ProblemType::Unavailable).with_detail(detail),
            Error::Cart(CartRefusal::NotForSale(_) | CartRefusal::OtherCurrency { .. } | CartRefusal::Full(_)) => {
                Self::new(ProblemType::Unprocessable).with_error("sku", detail)
            }
            Error::Place(PlaceRefusal::EmptyCart | PlaceRefusal::Amount(_)) => {
                Self::new(ProblemType::Unprocessable).with_detail(detail)
            }
            Error::Refused(_) | Error::TooManyUnpaidOrders => Self::new(ProblemType::Conflict).with_detail(detail),
            Error::TooManyDeclines => Self::new(ProblemType::TooManyRequests).with_detail(detail),
            Error::AccountDeleted => Self::new(ProblemType::Forbidden).with_detail(detail),
            Error::RetriesExhausted => {
                Self::new(ProblemType::Conflict).with_detail("other requests are changing the same object: try again")
            }
            Error::KeyReused => Self::new(ProblemType::IdempotencyKeyReused),
            Error::KeyInUse => Self::new(ProblemType::IdempotencyKeyInUse),
            Error::VersionConflict | Error::Unavailable(_) | Error::NewerOrder(_) => {
                Self::new(ProblemType::Unavailable)
            }
            Error::UnexpectedEvent(_) | Error::UnknownOrder(_) | Error::Json(_) | Error::Store(_) => {
                Self::new(ProblemType::Internal)
            }
        }
    }
}

impl IntoResponse for Error {
    /// The boundary of requests: internal errors and outages are logged here, once.
    fn into_response(self) -> Response {
        let error = contracts::error::chain(&self);
        // Under overload, a log line per refused request would add to it.
        let is_shed = matches!(self, Self::Overloaded);
        let problem = Problem::from(self);
        if problem.status >= 500 && !is_shed {
            tracing::error!(trace_id = problem.trace_id, error, "request failed");
        }
        problem.into_response()
    }
}
