//! Errors of requests, and their problem documents.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use contracts::{Problem, ProblemType};

use crate::{domain::CommonPassword, passwords::HashingError, signing::SigningError, store::StoreError};

/// Failure of a request whose form is valid.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is missing, or is not allowed with the others.
    #[error("`{field}` {detail}")]
    InvalidField {
        /// Name of the field.
        field: &'static str,
        /// Reason.
        detail: &'static str,
    },
    /// The new password is too common.
    #[error(transparent)]
    CommonPassword(#[from] CommonPassword),
    /// The e-mail address, the password or the refresh token is not valid. The same error for every reason.
    #[error("the credentials are not valid")]
    InvalidCredentials,
    /// Too many sign-in attempts for one address.
    #[error("too many sign-in attempts")]
    TooManyAttempts {
        /// Time to wait before the next attempt.
        wait: TimeDelta,
    },
    /// The account of the access token has been deleted.
    #[error("the account was deleted")]
    AccountDeleted,
    /// Each attempt to change the account ended in a version conflict.
    #[error("retries exhausted: too many concurrent changes of one account")]
    RetriesExhausted,
    /// A call to the table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// A token could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidField { field, detail } => {
                Problem::new(ProblemType::InvalidRequest).with_error(*field, *detail)
            }
            Error::CommonPassword(common) => {
                Problem::new(ProblemType::Unprocessable).with_error("password", common.to_string())
            }
            Error::InvalidCredentials => Problem::new(ProblemType::InvalidCredentials),
            Error::TooManyAttempts { .. } => Problem::new(ProblemType::TooManyRequests)
                .with_detail("too many sign-in attempts with this address; wait for the time in Retry-After"),
            Error::AccountDeleted => Problem::new(ProblemType::Unauthenticated).with_detail("the account was deleted"),
            Error::RetriesExhausted => {
                Problem::new(ProblemType::Conflict).with_detail("other requests are changing the account; retry")
            }
            Error::Store(StoreError::Call { .. } | StoreError::RetriesExhausted)
            | Error::Signing(SigningError::Kms { .. }) => Problem::new(ProblemType::Unavailable),
            Error::Store(StoreError::InvalidItem(_))
            | Error::Hashing(_)
            | Error::Signing(SigningError::Empty { .. } | SigningError::NotRsa(_)) => {
                Problem::new(ProblemType::Internal)
            }
        }
    }
}

impl IntoResponse for Error {
    /// Logs internal errors, once and with their causes, which are not part of the response.
    fn into_response(self) -> Response {
        let problem = Problem::from(&self);
        if problem.status >= 500 {
            tracing::error!(trace_id = problem.trace_id, error = contracts::error::chain(&self), "request failed");
        }
        let mut response = problem.into_response();
        if let Self::TooManyAttempts { wait } = self {
            // Rounded up, so that a client that waits exactly this time is admitted.
            let seconds = (wait.num_milliseconds().max(1) as u64).div_ceil(1_000);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_in_whole_seconds_rounded_up() {
        for (millis, seconds) in [(1, "1"), (1_000, "1"), (1_001, "2"), (900_000, "900")] {
            let response = Error::TooManyAttempts { wait: TimeDelta::milliseconds(millis) }.into_response();
            assert_eq!(response.headers()[header::RETRY_AFTER], seconds);
        }
    }

    #[test]
    fn an_internal_cause_is_not_in_the_problem() {
        let source = "connection to 10.0.0.7 refused".into();
        let problem = Problem::from(&Error::Store(StoreError::Call { operation: "GetItem", source }));
        assert_eq!(problem.status, 503);
        assert!(!serde_json::to_string(&problem).unwrap().contains("10.0.0.7"));
    }
}
